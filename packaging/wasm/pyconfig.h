/* What Python.h must know of a 32-bit machine without Python. Stands in the place of the host's pyconfig.h. */
#ifndef Py_PYCONFIG_H
#define Py_PYCONFIG_H
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_SIZE_T 4
#define SIZEOF_VOID_P 4
#define SIZEOF_WCHAR_T 4
#define SIZEOF_TIME_T 8
#define SIZEOF_PID_T 4
#define HAVE_STDINT_H 1
#define HAVE_LONG_LONG 1
#define STDC_HEADERS 1
#endif
