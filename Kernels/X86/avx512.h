/* Vector statements: AVX-512. TinyCC gets their bytes, other compilers the intrinsics. */
#ifdef __TINYC__
#define QUERN_KERNEL
#else
#include <immintrin.h>
#define QUERN_KERNEL __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define quern_f32(i) _mm512_castsi512_ps(i)
#define quern_i32(v) _mm512_castps_si512(v)
#define quern_constant(bits) quern_f32(_mm512_set1_epi32((int)(bits)))
#define quern_lane_indices() \
  quern_f32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define quern_load_bytes(p) \
  quern_f32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p))))
#define quern_load_bytes_partial(mask, p) \
  quern_f32(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, p)))
/* Half of a register: what the other half becomes is zero, or left open. */
#define quern_half(v) _mm512_castps512_ps256(v)
#define quern_half_load(p) _mm512_zextps256_ps512(_mm256_loadu_ps(p))
#define quern_half_store(p, v) _mm256_storeu_ps(p, quern_half(v))
#define quern_half_fmadd(a, b, c) \
  _mm512_castps256_ps512(_mm256_fmadd_ps(quern_half(a), quern_half(b), quern_half(c)))
#define quern_half_fnmadd(a, b, c) \
  _mm512_castps256_ps512(_mm256_fnmadd_ps(quern_half(a), quern_half(b), quern_half(c)))
#define quern_add_i32(a, b) quern_f32(_mm512_add_epi32(quern_i32(a), quern_i32(b)))
#define quern_subtract_i32(a, b) quern_f32(_mm512_sub_epi32(quern_i32(a), quern_i32(b)))
#define quern_multiply_i32(a, b) quern_f32(_mm512_mullo_epi32(quern_i32(a), quern_i32(b)))
#define quern_maximum_i32(a, b) quern_f32(_mm512_max_epi32(quern_i32(a), quern_i32(b)))
#define quern_minimum_i32(a, b) quern_f32(_mm512_min_epi32(quern_i32(a), quern_i32(b)))
#define quern_shift_left(a, n) quern_f32(_mm512_slli_epi32(quern_i32(a), n))
#define quern_shift_right_logical(a, n) quern_f32(_mm512_srli_epi32(quern_i32(a), n))
#define quern_shift_right_arithmetic(a, n) quern_f32(_mm512_srai_epi32(quern_i32(a), n))
#define quern_round_to_nearest(a) _mm512_roundscale_ps(a, 8)
#define quern_floor(a) _mm512_roundscale_ps(a, 9)
#define quern_convert_to_float(a) _mm512_cvtepi32_ps(quern_i32(a))
#define quern_truncate_to_i32(a) quern_f32(_mm512_cvttps_epi32(a))
#define quern_nearest_to_i32(a) quern_f32(_mm512_cvtps_epi32(a))
#define quern_compare_i32(a, b, predicate) \
  _mm512_cmp_epi32_mask(quern_i32(a), quern_i32(b), predicate)
#define quern_unpack_pairs_low(a, b) \
  _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))
#define quern_unpack_pairs_high(a, b) \
  _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))
#endif

