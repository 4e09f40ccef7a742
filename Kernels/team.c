// A team of threads that run the same step, the barrier at which they meet, and the turns in which they
// take what is to be done.

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "QuernKernels.h"

#if defined(__x86_64__) || defined(__i386__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() ((void)0)
#endif

// Kernels are short: who waits looks again for some microseconds before it goes to sleep.
enum { SPINS = 4000 };

struct barrier {
  int threads;
  atomic_int arrived;
  atomic_int generation;
  atomic_int sleepers;
  pthread_mutex_t lock;
  pthread_cond_t wake;
};

static void barrier_init(struct barrier *b, int threads) {
  b->threads = threads;
  atomic_init(&b->arrived, 0);
  atomic_init(&b->generation, 0);
  atomic_init(&b->sleepers, 0);
  pthread_mutex_init(&b->lock, NULL);
  pthread_cond_init(&b->wake, NULL);
}

static void barrier_wait(struct barrier *b) {
  if (b->threads < 2) return;
  const int generation = atomic_load_explicit(&b->generation, memory_order_acquire);
  if (atomic_fetch_add(&b->arrived, 1) + 1 == b->threads) {
    atomic_store(&b->arrived, 0);
    atomic_store(&b->generation, generation + 1);
    if (atomic_load(&b->sleepers) > 0) {
      pthread_mutex_lock(&b->lock);
      pthread_cond_broadcast(&b->wake);
      pthread_mutex_unlock(&b->lock);
    }
    return;
  }
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&b->generation, memory_order_acquire) != generation) return;
    RELAX();
  }
  pthread_mutex_lock(&b->lock);
  atomic_fetch_add(&b->sleepers, 1);
  while (atomic_load(&b->generation) == generation) pthread_cond_wait(&b->wake, &b->lock);
  atomic_fetch_sub(&b->sleepers, 1);
  pthread_mutex_unlock(&b->lock);
}

struct member {
  struct quern_team *team;
  long number;
  pthread_t thread;
};

struct quern_team {
  int threads;
  // Lists of turns in a step, and for each member how many of its own have been taken of each: on cache
  // lines of its own, `spacing` numbers from the next member's.
  int lists;
  long spacing;
  atomic_int *taken;
  int ending;
  // What is to be run: a step, or, where there is one, a kernel on a chunk.
  quern_step step;
  quern_kernel kernel;
  long chunk;
  long stride;
  long shares;
  char *arena;
  // Members meet at `gate` before and after a step, and at `meeting` between its kernels.
  struct barrier gate;
  struct barrier meeting;
  struct member *members;
};

static atomic_int *taken(struct quern_team *team, long number, long list) {
  return &team->taken[number * team->spacing + list];
}

static void run_share(struct quern_team *team, long number) {
  if (team->kernel == NULL) {
    team->step(team->arena, number, team);
    return;
  }
  const long chunk = team->chunk + number * team->stride;
  const long end = team->shares * (number + 1) / team->threads;
  for (long share = team->shares * number / team->threads; share < end; share++) {
    team->kernel(team->arena, number, share, chunk);
  }
}

// What one member does, from the gate to the gate. Nobody takes turns between the two calls, so that
// its own can start anew there.
static void take_part(struct quern_team *team, long number) {
  run_share(team, number);
  barrier_wait(&team->gate);
  for (int i = 0; i < team->lists; i++) {
    atomic_store_explicit(taken(team, number, i), 0, memory_order_relaxed);
  }
}

static void *work(void *argument) {
  struct member *member = argument;
  struct quern_team *team = member->team;
  for (;;) {
    barrier_wait(&team->gate);
    if (team->ending) return NULL;
    take_part(team, member->number);
  }
}

static void team_free(struct quern_team *team) {
  free(team->members);
  free(team->taken);
  free(team);
}

struct quern_team *quern_team_create(int threads, int lists) {
  struct quern_team *team = calloc(1, sizeof *team);
  if (team == NULL) return NULL;
  enum { LINE = 64 };
  const size_t lines = (size_t)lists * sizeof(atomic_int) / LINE + 1;
  team->threads = threads;
  team->lists = lists;
  team->spacing = (long)(lines * LINE / sizeof(atomic_int));
  team->members = calloc((size_t)threads, sizeof *team->members);
  team->taken = aligned_alloc(LINE, (size_t)threads * lines * LINE);
  if (team->members == NULL || team->taken == NULL) {
    team_free(team);
    return NULL;
  }
  for (long i = 0; i < threads * team->spacing; i++) atomic_init(&team->taken[i], 0);
  barrier_init(&team->gate, threads);
  barrier_init(&team->meeting, threads);
  for (int i = 1; i < threads; i++) {
    team->members[i].team = team;
    team->members[i].number = i;
    if (pthread_create(&team->members[i].thread, NULL, work, &team->members[i]) != 0) {
      // Those already started wait for ones that never come; let the rest of the gate be theirs.
      team->threads = i;
      team->ending = 1;
      pthread_mutex_lock(&team->gate.lock);
      team->gate.threads = i;
      pthread_mutex_unlock(&team->gate.lock);
      quern_team_destroy(team);
      return NULL;
    }
  }
  return team;
}

void quern_team_run(struct quern_team *team, quern_step step, char *arena) {
  team->step = step;
  team->kernel = NULL;
  team->arena = arena;
  barrier_wait(&team->gate);
  take_part(team, 0);
}

void quern_team_run_kernel(
    struct quern_team *team, quern_kernel kernel, char *arena, long shares, long chunk,
    long stride) {
  team->kernel = kernel;
  team->shares = shares;
  team->chunk = chunk;
  team->stride = stride;
  team->arena = arena;
  barrier_wait(&team->gate);
  take_part(team, 0);
}

void quern_team_destroy(struct quern_team *team) {
  if (team == NULL) return;
  team->ending = 1;
  barrier_wait(&team->gate);
  for (int i = 1; i < team->threads; i++) pthread_join(team->members[i].thread, NULL);
  team_free(team);
}

void quern_barrier_wait(void *team) { barrier_wait(&((struct quern_team *)team)->meeting); }

long quern_next_share(void *argument, long thread, long list, long count) {
  struct quern_team *team = argument;
  const long threads = team->threads;
  for (long i = 0; i < threads; i++) {
    const long owner = thread + i < threads ? thread + i : thread + i - threads;
    const long from = count * owner / threads;
    const long own = count * (owner + 1) / threads - from;
    atomic_int *numbers = taken(team, owner, list);
    // Looking first leaves the line to its owner where nothing is left.
    if (i > 0 && atomic_load_explicit(numbers, memory_order_relaxed) >= own) continue;
    const long share = atomic_fetch_add_explicit(numbers, 1, memory_order_relaxed);
    if (share < own) return from + share;
  }
  return count;
}
