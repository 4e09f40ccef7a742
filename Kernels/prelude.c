#include "QuernKernels.h"

const char quern_vectors_prelude[] = {
#embed "vectors.h" suffix(, )
  0
};
