#include "QuernKernels.h"
