// The C that generated code rests on.
#pragma once

// Whether the processor and the operating system run AVX-512 F, BW, DQ, VL; AVX2 and FMA.
int quern_supports_avx512(void);
int quern_supports_avx2(void);

// A correctly rounded square root, for compilers that have none built in.
float quern_square_root_f32(float x);

// The text that stands before generated functions, zero-terminated: common, then the target's.
const char *quern_prelude_common(void);
const char *quern_prelude_avx512(void);
const char *quern_prelude_avx2(void);
const char *quern_prelude_portable(void);
