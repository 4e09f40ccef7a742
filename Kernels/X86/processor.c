#include "QuernKernels.h"

// __builtin_cpu_supports also asks the operating system (xgetbv) whether it saves the registers.
int quern_supports_avx512(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("fma");
#else
  return 0;
#endif
}

int quern_supports_avx2(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return 0;
#endif
}

int quern_halves_avx512(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return quern_supports_avx512() && __builtin_cpu_is("amdfam19h");
#else
  return 0;
#endif
}
