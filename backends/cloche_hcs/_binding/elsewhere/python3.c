/* A python3.dll of names only: linking against it takes the place of Windows' python3.lib.
 *
 * These are the names of the stable interface that cffi's code uses; it never runs.
 */
#define NAME(name) __declspec(dllexport) void name(void) {}

NAME(PyArg_UnpackTuple)
NAME(PyErr_Occurred)
NAME(PyEval_RestoreThread)
NAME(PyEval_SaveThread)
NAME(PyImport_ImportModule)
NAME(PyLong_FromLong)
NAME(PyLong_FromLongLong)
NAME(PyLong_FromUnsignedLong)
NAME(PyLong_FromUnsignedLongLong)
NAME(PyLong_FromVoidPtr)
NAME(PyObject_CallMethod)
NAME(PyObject_Free)
NAME(PyObject_Malloc)
NAME(_Py_Dealloc)
NAME(_Py_NoneStruct)
