/* Vector statements: plain C on vectors of 8 lanes. gcc and clang use their vector types, whatever
   the processor; any other compiler gets loops over a union's lanes. The destination comes first. */
#define QUERN_KERNEL
#define QUERN_UNUSED __attribute__((unused))
#define quern_prefetch(p) ((void)(p))

#if defined(__GNUC__) && !defined(__TINYC__)
typedef float quern_vector __attribute__((vector_size(32)));
typedef int quern_vector_i32 __attribute__((vector_size(32)));
typedef unsigned quern_vector_u32 __attribute__((vector_size(32)));
#define quern_f32(v) ((quern_vector)(v))
#define quern_i32(v) ((quern_vector_i32)(v))
#define quern_u32(v) ((quern_vector_u32)(v))
#define quern_all(x) {x, x, x, x, x, x, x, x}
#define quern_lane(v, l) (v)[l]
#define quern_lanes(statement) do { for (int l = 0; l < 8; l++) { statement; } } while (0)

/* Memory is reached by memcpy: no alignment, no aliasing rules. */
#define quern_load(d, p) __builtin_memcpy(&(d), p, 32)
#define quern_load_partial(d, p, n) \
  do { (d) = (quern_vector)quern_all(0); __builtin_memcpy(&(d), p, 4 * (n)); } while (0)
#define quern_load_bytes(d, p, n) \
  do { \
    quern_vector_i32 t_ = quern_all(0); \
    for (int l = 0; l < (n); l++) t_[l] = (p)[l]; \
    (d) = quern_f32(t_); \
  } while (0)
#define quern_store(p, a) __builtin_memcpy(p, &(a), 32)
#define quern_store_partial(p, a, n) __builtin_memcpy(p, &(a), 4 * (n))
#define quern_broadcast(d, p) \
  do { int t_; __builtin_memcpy(&t_, p, 4); (d) = quern_f32((quern_vector_i32)quern_all(t_)); } \
  while (0)
#define quern_constant(d, x) ((d) = (quern_vector)quern_all(x))
#define quern_constant_bits(d, x) ((d) = quern_f32((quern_vector_u32)quern_all(x)))
#define quern_lane_indices(d) ((d) = quern_f32(((quern_vector_i32){0, 1, 2, 3, 4, 5, 6, 7})))
#define quern_move(d, a) ((d) = (a))

#define quern_add(d, a, b) ((d) = (a) + (b))
#define quern_subtract(d, a, b) ((d) = (a) - (b))
#define quern_multiply(d, a, b) ((d) = (a) * (b))
#define quern_divide(d, a, b) ((d) = (a) / (b))
#define quern_choose(condition, x, y) \
  quern_f32((quern_i32(x) & (condition)) | (quern_i32(y) & ~(condition)))
#define quern_maximum(d, a, b) ((d) = quern_choose((a) > (b), a, b))
#define quern_minimum(d, a, b) ((d) = quern_choose((a) < (b), a, b))
#define quern_and(d, a, b) ((d) = quern_f32(quern_i32(a) & quern_i32(b)))
#define quern_or(d, a, b) ((d) = quern_f32(quern_i32(a) | quern_i32(b)))
#define quern_xor(d, a, b) ((d) = quern_f32(quern_i32(a) ^ quern_i32(b)))
#define quern_and_not(d, a, b) ((d) = quern_f32(~quern_i32(a) & quern_i32(b)))
#define quern_add_i32(d, a, b) ((d) = quern_f32(quern_u32(a) + quern_u32(b)))
#define quern_subtract_i32(d, a, b) ((d) = quern_f32(quern_u32(a) - quern_u32(b)))
#define quern_multiply_i32(d, a, b) ((d) = quern_f32(quern_u32(a) * quern_u32(b)))
#define quern_maximum_i32(d, a, b) ((d) = quern_choose(quern_i32(a) > quern_i32(b), a, b))
#define quern_minimum_i32(d, a, b) ((d) = quern_choose(quern_i32(a) < quern_i32(b), a, b))
#define quern_shift_left(d, a, n) ((d) = quern_f32(quern_u32(a) << (n)))
#define quern_shift_right_logical(d, a, n) ((d) = quern_f32(quern_u32(a) >> (n)))
#define quern_shift_right_arithmetic(d, a, n) ((d) = quern_f32(quern_i32(a) >> (n)))
#define quern_multiply_add(d, a, b, c) ((d) = (a) * (b) + (c))
#define quern_multiply_subtract_from(d, a, b, c) ((d) = (c) - (a) * (b))

#define quern_negate(d, a) ((d) = quern_f32(quern_u32(a) ^ 0x80000000u))
#define quern_absolute(d, a) ((d) = quern_f32(quern_u32(a) & 0x7fffffffu))
#define quern_convert_to_float(d, a) ((d) = __builtin_convertvector(quern_i32(a), quern_vector))
#define quern_select_f32(d, a, b, x, y, op) ((d) = quern_choose((a) op (b), x, y))
#define quern_select_i32(d, a, b, x, y, op) \
  ((d) = quern_choose(quern_i32(a) op quern_i32(b), x, y))
#define quern_shuffle(d, a, b, ...) ((d) = __builtin_shufflevector(a, b, __VA_ARGS__))
#define quern_splat(d, x) ((d) = (quern_vector)quern_all(x))
QUERN_UNUSED static inline float quern_root(float x) { return __builtin_sqrtf(x); }

#else
typedef union { float f[8]; int i[8]; unsigned u[8]; } quern_vector;
#define quern_lane(v, l) (v).f[l]
#define quern_lanes(statement) do { int l; for (l = 0; l < 8; l++) { statement; } } while (0)

#define quern_load(d, p) quern_lanes((d).u[l] = ((const unsigned *)(p))[l])
#define quern_load_partial(d, p, n) \
  quern_lanes((d).u[l] = l < (n) ? ((const unsigned *)(p))[l] : 0)
#define quern_load_bytes(d, p, n) quern_lanes((d).i[l] = l < (n) ? (p)[l] : 0)
#define quern_store(p, a) quern_lanes(((unsigned *)(p))[l] = (a).u[l])
#define quern_store_partial(p, a, n) \
  do { int l; for (l = 0; l < (n); l++) ((unsigned *)(p))[l] = (a).u[l]; } while (0)
#define quern_broadcast(d, p) \
  do { unsigned t_ = *(const unsigned *)(p); quern_lanes((d).u[l] = t_); } while (0)
#define quern_constant(d, x) quern_lanes((d).f[l] = (x))
#define quern_constant_bits(d, x) quern_lanes((d).u[l] = (x))
#define quern_lane_indices(d) quern_lanes((d).i[l] = l)
#define quern_move(d, a) quern_lanes((d).u[l] = (a).u[l])

#define quern_add(d, a, b) quern_lanes((d).f[l] = (a).f[l] + (b).f[l])
#define quern_subtract(d, a, b) quern_lanes((d).f[l] = (a).f[l] - (b).f[l])
#define quern_multiply(d, a, b) quern_lanes((d).f[l] = (a).f[l] * (b).f[l])
#define quern_divide(d, a, b) quern_lanes((d).f[l] = (a).f[l] / (b).f[l])
#define quern_maximum(d, a, b) quern_select_f32(d, a, b, a, b, >)
#define quern_minimum(d, a, b) quern_select_f32(d, a, b, a, b, <)
#define quern_and(d, a, b) quern_lanes((d).u[l] = (a).u[l] & (b).u[l])
#define quern_or(d, a, b) quern_lanes((d).u[l] = (a).u[l] | (b).u[l])
#define quern_xor(d, a, b) quern_lanes((d).u[l] = (a).u[l] ^ (b).u[l])
#define quern_and_not(d, a, b) quern_lanes((d).u[l] = ~(a).u[l] & (b).u[l])
#define quern_add_i32(d, a, b) quern_lanes((d).u[l] = (a).u[l] + (b).u[l])
#define quern_subtract_i32(d, a, b) quern_lanes((d).u[l] = (a).u[l] - (b).u[l])
#define quern_multiply_i32(d, a, b) quern_lanes((d).u[l] = (a).u[l] * (b).u[l])
#define quern_maximum_i32(d, a, b) quern_select_i32(d, a, b, a, b, >)
#define quern_minimum_i32(d, a, b) quern_select_i32(d, a, b, a, b, <)
#define quern_shift_left(d, a, n) quern_lanes((d).u[l] = (a).u[l] << (n))
#define quern_shift_right_logical(d, a, n) quern_lanes((d).u[l] = (a).u[l] >> (n))
#define quern_shift_right_arithmetic(d, a, n) quern_lanes((d).i[l] = (a).i[l] >> (n))
#define quern_multiply_add(d, a, b, c) quern_lanes((d).f[l] = (a).f[l] * (b).f[l] + (c).f[l])
#define quern_multiply_subtract_from(d, a, b, c) \
  quern_lanes((d).f[l] = (c).f[l] - (a).f[l] * (b).f[l])

#define quern_negate(d, a) quern_lanes((d).u[l] = (a).u[l] ^ 0x80000000u)
#define quern_absolute(d, a) quern_lanes((d).u[l] = (a).u[l] & 0x7fffffffu)
#define quern_convert_to_float(d, a) quern_lanes((d).f[l] = (float)(a).i[l])
#define quern_select_f32(d, a, b, x, y, op) \
  quern_lanes(if ((a).f[l] op (b).f[l]) (d).u[l] = (x).u[l]; else (d).u[l] = (y).u[l])
#define quern_select_i32(d, a, b, x, y, op) \
  quern_lanes(if ((a).i[l] op (b).i[l]) (d).u[l] = (x).u[l]; else (d).u[l] = (y).u[l])
#define quern_pick(a, b, l) ((l) < 8 ? (a).u[(l) & 7] : (b).u[(l) & 7])
#define quern_shuffle(d, a, b, l0, l1, l2, l3, l4, l5, l6, l7) \
  do { \
    quern_vector t_; \
    t_.u[0] = quern_pick(a, b, l0), t_.u[1] = quern_pick(a, b, l1); \
    t_.u[2] = quern_pick(a, b, l2), t_.u[3] = quern_pick(a, b, l3); \
    t_.u[4] = quern_pick(a, b, l4), t_.u[5] = quern_pick(a, b, l5); \
    t_.u[6] = quern_pick(a, b, l6), t_.u[7] = quern_pick(a, b, l7); \
    quern_move(d, t_); \
  } while (0)
#define quern_splat(d, x) do { float t_ = (x); quern_lanes((d).f[l] = t_); } while (0)
float quern_square_root_f32(float x);
#define quern_root(x) quern_square_root_f32(x)
#endif

#define quern_square_root(d, a) quern_lanes(quern_lane(d, l) = quern_root(quern_lane(a, l)))

/* Adding and taking away 2^23 leaves the nearest integral value, ties to even. */
QUERN_UNUSED static inline float quern_round_lane(float x) {
  float t = x < 0 ? -x : x;
  union { float f; unsigned u; } bits, sign;
  if (!(t < 8388608.0f)) return x;
  bits.f = (t + 8388608.0f) - 8388608.0f;
  sign.f = x;
  bits.u |= sign.u & 0x80000000u;
  return bits.f;
}
QUERN_UNUSED static inline float quern_floor_lane(float x) {
  float r = quern_round_lane(x);
  return r > x ? r - 1.0f : r;
}
/* What does not fit, and NaN, becomes the smallest integer. */
QUERN_UNUSED static inline int quern_integer_lane(float x) {
  return x >= -2147483648.0f && x < 2147483648.0f ? (int)x : -2147483647 - 1;
}
QUERN_UNUSED static inline float quern_integer_bits(int i) {
  union { int i; float f; } bits;
  bits.i = i;
  return bits.f;
}
#define quern_round_to_nearest(d, a) \
  quern_lanes(quern_lane(d, l) = quern_round_lane(quern_lane(a, l)))
#define quern_floor(d, a) quern_lanes(quern_lane(d, l) = quern_floor_lane(quern_lane(a, l)))
#define quern_truncate_to_i32(d, a) \
  quern_lanes(quern_lane(d, l) = quern_integer_bits(quern_integer_lane(quern_lane(a, l))))
#define quern_nearest_to_i32(d, a) \
  quern_lanes( \
    quern_lane(d, l) = \
      quern_integer_bits(quern_integer_lane(quern_round_lane(quern_lane(a, l)))))
#define quern_blend(d, a, b, n) \
  quern_shuffle( \
    d, a, b, 0 < (n) ? 0 : 8, 1 < (n) ? 1 : 9, 2 < (n) ? 2 : 10, 3 < (n) ? 3 : 11, \
    4 < (n) ? 4 : 12, 5 < (n) ? 5 : 13, 6 < (n) ? 6 : 14, 7 < (n) ? 7 : 15)

/* The same order as on the AVX targets: lanes 4 apart, 2 apart, neighbours. */
#define quern_reduce_lane(a, l) quern_lane(a, l)
#define quern_sum2(x, y) ((x) + (y))
#define quern_max2(x, y) ((x) > (y) ? (x) : (y))
#define quern_min2(x, y) ((x) < (y) ? (x) : (y))
#define quern_reduce(d, a, join) \
  do { \
    float r0_ = join(quern_lane(a, 0), quern_lane(a, 4)); \
    float r1_ = join(quern_lane(a, 1), quern_lane(a, 5)); \
    float r2_ = join(quern_lane(a, 2), quern_lane(a, 6)); \
    float r3_ = join(quern_lane(a, 3), quern_lane(a, 7)); \
    r0_ = join(r0_, r2_); \
    r1_ = join(r1_, r3_); \
    r0_ = join(r0_, r1_); \
    quern_splat(d, r0_); \
  } while (0)
#define quern_reduce_sum(d, a) quern_reduce(d, a, quern_sum2)
#define quern_reduce_maximum(d, a) quern_reduce(d, a, quern_max2)
#define quern_reduce_minimum(d, a) quern_reduce(d, a, quern_min2)

