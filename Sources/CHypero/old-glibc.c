/*
 * Lets programs that are linked against an older glibc (Scripts/sysroot) load on glibc 2.27. Empty in other builds: only
 * Scripts/build-c defines HYPERO_OLD_GLIBC, compiles this file by hand, and links with --wrap for each function below.
 */
#ifdef HYPERO_OLD_GLIBC
#include <stdlib.h>

/* glibc 2.29 gave these functions new versions, which do not set errno by the rules of SVID. The values are the same. */
#if defined(__x86_64__)
#define FIRST_VERSION "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define FIRST_VERSION "GLIBC_2.17"
#else
#error "the first version of glibc's exp on this architecture is not known"
#endif

#define USE_FIRST_VERSION(name) \
    __asm__(".symver first_" #name ", " #name "@" FIRST_VERSION); \
    double first_##name(double); \
    double __wrap_##name(double); \
    double __wrap_##name(double x) { return first_##name(x); }

USE_FIRST_VERSION(exp)
USE_FIRST_VERSION(log)
USE_FIRST_VERSION(exp2)
USE_FIRST_VERSION(log2)

__asm__(".symver first_pow, pow@" FIRST_VERSION);
double first_pow(double, double);
double __wrap_pow(double, double);
double __wrap_pow(double x, double y) { return first_pow(x, y); }

/* std::__throw_bad_array_new_length(), which Swift's runtime calls and the C++ library of gcc 10 lacks. */
__attribute__((weak)) void _ZSt28__throw_bad_array_new_lengthv(void);
void _ZSt28__throw_bad_array_new_lengthv(void) { abort(); }
#endif
