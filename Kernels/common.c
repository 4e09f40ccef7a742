#include "QuernKernels.h"

static const char common[] = {
#embed "common.h" suffix(, )
  0
};

const char *quern_prelude_common(void) { return common; }
