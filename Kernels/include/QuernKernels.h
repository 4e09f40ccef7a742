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

// Runs one step's share of one thread; the barrier is handed on to quern_barrier_wait.
typedef void (*quern_step)(char *arena, long thread, void *barrier);
// Runs one kernel's share of one thread, on one chunk of the pictures.
typedef void (*quern_kernel)(char *arena, long thread, long chunk);

// A team of threads, the caller being the first; NULL where the system refuses threads.
struct quern_team;
struct quern_team *quern_team_create(int threads);
// Runs the step on all threads and returns when all are done.
void quern_team_run(struct quern_team *team, quern_step step, char *arena);
// The same for one kernel; thread t takes the chunk t strides after the given one.
void quern_team_run_kernel(
    struct quern_team *team, quern_kernel kernel, char *arena, long chunk, long stride);
void quern_team_destroy(struct quern_team *team);

// Waits for all threads of the running step; generated code calls it between kernels.
void quern_barrier_wait(void *barrier);
