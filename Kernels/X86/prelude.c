#include "QuernKernels.h"

static const char avx512[] = {
#embed "avx512.h" suffix(, )
  0
};

const char *quern_prelude_avx512(void) { return avx512; }

static const char avx2[] = {
#embed "avx2.h" suffix(, )
  0
};

const char *quern_prelude_avx2(void) { return avx2; }
