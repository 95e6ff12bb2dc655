"""Functions for C and Cython only; native/bank.h has them."""
