#include "QuernKernels.h"

static const char portable[] = {
#embed "portable.h" suffix(, )
  0
};

const char *quern_prelude_portable(void) { return portable; }

float quern_square_root_f32(float x) { return __builtin_sqrtf(x); }
