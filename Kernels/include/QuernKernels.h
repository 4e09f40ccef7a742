// The C that generated code rests on.
#pragma once

// The text that stands before generated functions, zero-terminated: common, then the target's.
const char *quern_prelude_common(void);

// X86: whether the processor and the operating system run AVX-512 F, BW, DQ, VL; AVX2 and FMA.
int quern_supports_avx512(void);
int quern_supports_avx2(void);
// Whether instructions of 512 bits are worked off in two halves, as those of AMD's family 19h (Zen 4).
int quern_halves_avx512(void);
const char *quern_prelude_avx512(void);
const char *quern_prelude_avx2(void);

// Portable.
const char *quern_prelude_portable(void);
// A correctly rounded square root, for compilers that have none built in.
float quern_square_root_f32(float x);

// Runs what one thread does of a step; the team is handed on to quern_barrier_wait and quern_next_share.
typedef void (*quern_step)(char *arena, long thread, void *team);
// Runs one share of a kernel on one chunk of the pictures, by one thread.
typedef void (*quern_kernel)(char *arena, long thread, long share, long chunk);

// A team of threads, the caller being the first; NULL where the system refuses threads. Steps have as
// many lists of turns as are given.
struct quern_team;
struct quern_team *quern_team_create(int threads, int lists);
// Runs the step on all threads and returns when all are done.
void quern_team_run(struct quern_team *team, quern_step step, char *arena);
// The same for one kernel, of so many shares; thread t takes the chunk t strides after the given one.
void quern_team_run_kernel(
    struct quern_team *team, quern_kernel kernel, char *arena, long shares, long chunk,
    long stride);
void quern_team_destroy(struct quern_team *team);

// Waits for all threads of the running step; generated code calls it between kernels.
void quern_barrier_wait(void *team);
// The next of `count` turns for a thread, or `count` when there is none left: first its own, one after
// the other, then what other threads have not taken of theirs, since one that is held up, or runs on
// a slower core, must not keep the others waiting. Each list is gone through once in a step.
long quern_next_share(void *team, long thread, long list, long count);
