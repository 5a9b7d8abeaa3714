"""What the library costs: CPU per call, next to the bare SDK and to other instrumentors."""
