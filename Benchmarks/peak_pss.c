// Runs a command and samples the memory of its whole process tree.
//
//   cc -O2 -o peak_pss peak_pss.c
//   peak_pss [-i MILLISECONDS] [-o FILE] COMMAND [ARGUMENT ...]
//
// Writes one line of JSON to FILE (else to standard error) when the command ends: the highest sum
// of proportional set sizes over its processes, in bytes; how many samples were taken, and how far
// apart they were at most. Exits as the command did. A page that two processes share counts half
// in each, so that the sum counts it once; pages of mapped files count like any other.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096 };
static pid_t tree[MOST];
static int tree_count;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

static size_t slurp(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t count = read(file, text, size - 1);
  close(file);
  if (count < 0) count = 0;
  text[count] = 0;
  return count;
}

// Adds the children of every thread of `pid`, and theirs.
static void add_tree(pid_t pid) {
  if (tree_count >= MOST) return;
  tree[tree_count++] = pid;
  char path[96], text[16384];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path);
  if (!tasks) return;
  for (struct dirent *task; (task = readdir(tasks));) {
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", pid, task->d_name);
    slurp(path, text, sizeof text);
    char *rest = text, *word;
    while ((word = strtok_r(rest, " ", &rest))) add_tree(atoi(word));
  }
  closedir(tasks);
}

static long long pss(pid_t pid) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
  slurp(path, text, sizeof text);
  char *line = strstr(text, "\nPss:");
  return line ? 1024 * atoll(line + 5) : 0;
}

int main(int count, char **arguments) {
  int interval = 5, option;
  const char *output = NULL;
  while ((option = getopt(count, arguments, "+i:o:")) != -1) {
    if (option == 'i') interval = atoi(optarg);
    else if (option == 'o') output = optarg;
    else return 64;
  }
  if (optind >= count) {
    fprintf(stderr, "usage: peak_pss [-i MILLISECONDS] [-o FILE] COMMAND [ARGUMENT ...]\n");
    return 64;
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  double began = now(), last = began, gap = 0;
  pid_t child = fork();
  if (child == 0) {
    execvp(arguments[optind], arguments + optind);
    perror(arguments[optind]);
    _exit(127);
  }
  long long peak = 0, samples = 0;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    tree_count = 0;
    add_tree(child);
    long long sum = 0;
    for (int index = 0; index < tree_count; index++) sum += pss(tree[index]);
    if (sum > peak) peak = sum;
    samples++;
    double moment = now();
    if (moment - last > gap) gap = moment - last;
    last = moment;
    usleep(1000 * interval);
  }
  FILE *file = output ? fopen(output, "a") : stderr;
  if (!file) file = stderr;
  fprintf(file, "{\"peakBytes\": %lld, \"samples\": %lld, \"longestGapSeconds\": %.4f, \"seconds\": %.3f}\n",
          peak, samples, gap, now() - began);
  fflush(file);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
