// A team of threads that run the same step, and the barrier at which they meet.

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
  int ending;
  // What is to be run: a step, or, where there is one, a kernel on a chunk.
  quern_step step;
  quern_kernel kernel;
  long chunk;
  long stride;
  char *arena;
  // Members meet at `gate` before and after a step, and at `meeting` between its kernels.
  struct barrier gate;
  struct barrier meeting;
  struct member *members;
};

static void *work(void *argument) {
  struct member *member = argument;
  struct quern_team *team = member->team;
  for (;;) {
    barrier_wait(&team->gate);
    if (team->ending) return NULL;
    if (team->kernel != NULL) {
      const long chunk = team->chunk + member->number * team->stride;
      team->kernel(team->arena, member->number, chunk);
    } else {
      team->step(team->arena, member->number, &team->meeting);
    }
    barrier_wait(&team->gate);
  }
}

struct quern_team *quern_team_create(int threads) {
  struct quern_team *team = calloc(1, sizeof *team);
  if (team == NULL) return NULL;
  team->members = calloc((size_t)threads, sizeof *team->members);
  if (team->members == NULL) {
    free(team);
    return NULL;
  }
  team->threads = threads;
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
  step(arena, 0, &team->meeting);
  barrier_wait(&team->gate);
}

void quern_team_run_kernel(
    struct quern_team *team, quern_kernel kernel, char *arena, long chunk, long stride) {
  team->kernel = kernel;
  team->chunk = chunk;
  team->stride = stride;
  team->arena = arena;
  barrier_wait(&team->gate);
  kernel(arena, 0, chunk);
  barrier_wait(&team->gate);
}

void quern_team_destroy(struct quern_team *team) {
  if (team == NULL) return;
  team->ending = 1;
  barrier_wait(&team->gate);
  for (int i = 1; i < team->threads; i++) pthread_join(team->members[i].thread, NULL);
  free(team->members);
  free(team);
}

void quern_barrier_wait(void *barrier) { barrier_wait(barrier); }
