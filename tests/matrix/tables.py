"""All rows of the matrix."""

from tests.matrix.asking_rows import ASKING_ROWS
from tests.matrix.assistant_rows import ASSISTANT_ROWS
from tests.matrix.background_rows import BACKGROUND_ROWS
from tests.matrix.batch_rows import BATCH_ROWS
from tests.matrix.chat_rows import CHAT_ROWS
from tests.matrix.failure_rows import FAILURE_ROWS
from tests.matrix.media_rows import MEDIA_ROWS
from tests.matrix.other_rows import OTHER_ROWS
from tests.matrix.response_rows import RESPONSE_ROWS
from tests.matrix.rows import Row
from tests.matrix.setting_rows import SETTING_ROWS
from tests.matrix.socket_rows import SOCKET_ROWS
from tests.matrix.stream_rows import STREAM_ROWS

_TABLES = (
    CHAT_ROWS,
    STREAM_ROWS,
    FAILURE_ROWS,
    RESPONSE_ROWS,
    BACKGROUND_ROWS,
    BATCH_ROWS,
    ASSISTANT_ROWS,
    MEDIA_ROWS,
    OTHER_ROWS,
    SETTING_ROWS,
    ASKING_ROWS,
    SOCKET_ROWS,
)

ROWS: list[Row] = [row for table in _TABLES for row in table.rows]
"""In the order in which they are played."""

HERE = [row for row in ROWS if row.is_in_this_sdk]
"""Those that the installed SDK can make."""
