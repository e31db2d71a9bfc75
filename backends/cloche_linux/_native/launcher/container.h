/* One container, as its directory tells of it. */
#ifndef CLOCHE_CONTAINER_H
#define CLOCHE_CONTAINER_H

#include "json.h"
#include "launcher.h"
#include "line.h"

enum { RECORD_ROOM = 1 << 20, GROUP_ROOM = 1 << 16, MOST_NODES = 32 };

/* What `state.json` says (cloche/oci/record.py), and of that what the runtime noted (cloche_linux/notes.py). */
struct record {
    struct json id, bundle, rootfs, version, created, annotations;
    uint64_t owner;
    int supervised; /* somebody is told when it is ready */
    int has_hooks, has_subject, shares_pids;
    uint64_t pid, start;
    struct json boot;
};

/* One directory of its control group (cloche_linux/cgroups/node.py). */
struct node {
    char path[PATH_ROOM];
    uint64_t inode;
    int is_known; /* by its inode; what was noted before it was made has none */
    int version;
    int freezes; /* v1 has a controller for that */
    int found;   /* it was there before, so it stays */
};

struct group {
    struct node nodes[MOST_NODES]; /* those that are still there */
    int count;
};

enum status { CREATED, RUNNING, PAUSED, STOPPED };

struct container {
    int directory;
    struct record record;
    struct group group;
    int pidfd; /* -1 once it has ended and is reaped */
    int gate;  /* a connection to the helper that waits for the start, or -1 */
    enum status status;
};

/* Each of these hands over what is not plain. */

/* record.c */

/* Opens the directory and reads the record; 0 if there is no such directory. */
int find_container(const struct line *line, struct container *container);

/* place.c */

void container_path(const struct line *line, struct path *path);
int is_proper_id(const char *id);

/* status.c */

void find_status(struct container *container);
int has_ended(int pidfd, int milliseconds);

/* process.c */

/* A descriptor of the process that a record names; -1 if that has ended. */
int open_process(const struct record *record);
/* What the kernel says. */
int send_signal(int pidfd, int number);

/* gate.c */

/* A connection to who waits in the directory for the start; -1 if nobody does. */
int knock(int directory);

/* group.c */

void read_group(int directory, struct group *group);
/* Whether the node is there, and no namesake of the one that was made. */
int node_exists(const struct node *node);

/* freezer.c */

int is_frozen(const struct group *group);
/* What lets all processes run on when it is written to, or -1 for nothing. */
int open_thaw(const struct group *group, const char **word);
void thaw(int fd, const char *word);

/* owner.c */

/* The name of a user; it needs no escapes. */
const char *user_name(uint64_t user);

/* signals.c */

enum { SIGNAL_KILL = 9 };

int signal_number(const char *word);

/* kill.c */

void terminate(const struct container *container);

/* removal.c */

void remove_group(const struct group *group);

/* discard.c */

void remove_directory(const struct line *line, const struct container *container);

/* locking.c */

/* Keeps others from starting or deleting it, as `Home.locked` does; until the program ends. */
void lock_container(const struct container *container);

#endif
