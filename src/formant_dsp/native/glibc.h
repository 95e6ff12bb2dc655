/* Old versions of some symbols, so that wheels load with glibc 2.17. A build with FORMANT_OLD_GLIBC includes this in
   every file.

   glibc 2.29 gave these functions new versions that no longer set errno. A program linked on a newer system needs them
   and does not load on an older one. The older versions are still in every glibc. The first version of an architecture
   is the glibc release in which the architecture appeared. */
#ifndef FORMANT_GLIBC_H
#define FORMANT_GLIBC_H

#include <features.h>

#if defined(__GLIBC__)
#if defined(__x86_64__)
#define FORMANT_FIRST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define FORMANT_FIRST "GLIBC_2.17"
#elif defined(__arm__)
#define FORMANT_FIRST "GLIBC_2.4"
#else
#error "FORMANT_OLD_GLIBC: add the first glibc version of this architecture here"
#endif
__asm__(".symver exp, exp@" FORMANT_FIRST);
__asm__(".symver exp2, exp2@" FORMANT_FIRST);
__asm__(".symver log, log@" FORMANT_FIRST);
__asm__(".symver log2, log2@" FORMANT_FIRST);
__asm__(".symver pow, pow@" FORMANT_FIRST);
#endif

#endif
