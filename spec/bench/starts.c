/*
** Starts a program again and again: a contender (contender.lua) for what takes a process of its own. It reads how often, and writes what a
** start took, in microseconds, until its end. The program finds "1" on its input; what it writes is dropped.
** usage: starts PROGRAM [ARGUMENTS]
*/
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double wall(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double of(struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  return of(usage.ru_utime) + of(usage.ru_stime);
}

/* Runs the program once. Returns its status. */
static int run(char **argv) {
  int input[2], status = 1;
  pid_t pid;
  posix_spawn_file_actions_t actions;
  if (pipe(input) != 0 || write(input[1], "1\n", 2) != 2) return 1;
  close(input[1]);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
  posix_spawn_file_actions_addclose(&actions, input[0]);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0) waitpid(pid, &status, 0);
  posix_spawn_file_actions_destroy(&actions);
  close(input[0]);
  return status;
}

int main(int argc, char **argv) {
  int count;
  while (argc > 1 && scanf("%d", &count) == 1 && count > 0) {
    double cpu_before = cpu(), before = wall();
    for (int i = 0; i < count; i++)
      if (run(argv + 1) != 0) return fprintf(stderr, "starts: %s has failed\n", argv[1]), 1;
    printf("cpu=%.1f wall=%.1f\n", (cpu() - cpu_before) / count * 1e6, (wall() - before) / count * 1e6);
    fflush(stdout);
  }
  return 0;
}
