/* Vector statements: AVX2. TinyCC gets their bytes, other compilers the intrinsics. */
#ifdef __TINYC__
#define QUERN_KERNEL
#else
#include <immintrin.h>
/* Among AVX-512's kernels, these have their attribute. */
#ifndef QUERN_KERNEL
#define QUERN_KERNEL __attribute__((target("avx2,fma")))
#endif
#define quern256_f32(i) _mm256_castsi256_ps(i)
#define quern256_i32(v) _mm256_castps_si256(v)
#define quern256_constant(bits) quern256_f32(_mm256_set1_epi32((int)(bits)))
#define quern256_lane_indices() quern256_f32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
/* All ones in the first n lanes. */
#define quern256_lane_mask(n) \
  quern256_f32(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), quern256_i32(quern256_lane_indices())))
/* The first lanes to memory: one, two, the third alone, four. */
#define quern256_store_1(p, v) _mm_store_ss(p, _mm256_castps256_ps128(v))
#define quern256_store_2(p, v) _mm_storel_pi((__m64 *)(void *)(p), _mm256_castps256_ps128(v))
#define quern256_store_third(p, v) \
  _mm_store_ss(p, _mm_permute_ps(_mm256_castps256_ps128(v), 2))
#define quern256_store_4(p, v) _mm_storeu_ps(p, _mm256_castps256_ps128(v))
#define quern256_upper_half(v) _mm256_castps128_ps256(_mm256_extractf128_ps(v, 1))
#define quern256_load_bytes(p) \
  quern256_f32(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p))))
#define quern256_byte_if(p, l, n) ((l) < (n) ? (p)[l] : 0)
#define quern256_load_bytes_partial(n, p) \
  quern256_f32(_mm256_setr_epi32( \
    quern256_byte_if(p, 0, n), quern256_byte_if(p, 1, n), quern256_byte_if(p, 2, n), \
    quern256_byte_if(p, 3, n), quern256_byte_if(p, 4, n), quern256_byte_if(p, 5, n), \
    quern256_byte_if(p, 6, n), quern256_byte_if(p, 7, n)))
#define quern256_add_i32(a, b) quern256_f32(_mm256_add_epi32(quern256_i32(a), quern256_i32(b)))
#define quern256_subtract_i32(a, b) quern256_f32(_mm256_sub_epi32(quern256_i32(a), quern256_i32(b)))
#define quern256_multiply_i32(a, b) quern256_f32(_mm256_mullo_epi32(quern256_i32(a), quern256_i32(b)))
#define quern256_maximum_i32(a, b) quern256_f32(_mm256_max_epi32(quern256_i32(a), quern256_i32(b)))
#define quern256_minimum_i32(a, b) quern256_f32(_mm256_min_epi32(quern256_i32(a), quern256_i32(b)))
#define quern256_shift_left(a, n) quern256_f32(_mm256_slli_epi32(quern256_i32(a), n))
#define quern256_shift_right_logical(a, n) quern256_f32(_mm256_srli_epi32(quern256_i32(a), n))
#define quern256_shift_right_arithmetic(a, n) quern256_f32(_mm256_srai_epi32(quern256_i32(a), n))
#define quern256_round_to_nearest(a) _mm256_round_ps(a, 8)
#define quern256_floor(a) _mm256_round_ps(a, 9)
#define quern256_convert_to_float(a) _mm256_cvtepi32_ps(quern256_i32(a))
#define quern256_truncate_to_i32(a) quern256_f32(_mm256_cvttps_epi32(a))
#define quern256_nearest_to_i32(a) quern256_f32(_mm256_cvtps_epi32(a))
#define quern256_equal_i32(a, b) quern256_f32(_mm256_cmpeq_epi32(quern256_i32(a), quern256_i32(b)))
#define quern256_greater_i32(a, b) quern256_f32(_mm256_cmpgt_epi32(quern256_i32(a), quern256_i32(b)))
#define quern256_unpack_pairs_low(a, b) \
  _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)))
#define quern256_unpack_pairs_high(a, b) \
  _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)))
#endif

