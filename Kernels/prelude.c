#include "QuernKernels.h"

static const char common[] = {
#embed "prelude/common.h" suffix(, )
  0
};

const char *quern_prelude_common(void) { return common; }

static const char avx512[] = {
#embed "prelude/avx512.h" suffix(, )
  0
};

const char *quern_prelude_avx512(void) { return avx512; }

static const char avx2[] = {
#embed "prelude/avx2.h" suffix(, )
  0
};

const char *quern_prelude_avx2(void) { return avx2; }

static const char portable[] = {
#embed "prelude/portable.h" suffix(, )
  0
};

const char *quern_prelude_portable(void) { return portable; }
