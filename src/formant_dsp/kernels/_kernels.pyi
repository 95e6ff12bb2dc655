# Compiled as _kernels_sse2, _kernels_avx2, … (dispatch.py loads one of them).
isa: str
capsule: object
