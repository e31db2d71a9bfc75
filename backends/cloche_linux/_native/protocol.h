/* What helper and parent say to each other: packets of one fixed size on a SOCK_SEQPACKET pair. */
#ifndef CLOCHE_PROTOCOL_H
#define CLOCHE_PROTOCOL_H

#include <stdint.h>

/* Where the spawner puts the helper's descriptors. */
enum {
    FD_CONTROL = 3,  /* this protocol */
    FD_PLAN = 4,     /* a memfd with the plan */
    FD_LIFETIME = 5, /* end of file once the embedding process is gone */
    FD_IMAGE = 6,    /* the helper itself */
    FD_EXTRAS = 7,   /* whatever the plan speaks of by place */
};

enum {
    /* helper to parent */
    MESSAGE_NEED_MAPS = 1,
    MESSAGE_CHILD = 2,   /* number: pid; flags; with its pidfd */
    MESSAGE_READY = 3,   /* perhaps with the master of a terminal */
    MESSAGE_STARTED = 4, /* the workload is executed; without an init, end of file says so */
    MESSAGE_FAILED = 5,  /* number: step; error; flags; path; detail: the kernel's own words */
    MESSAGE_EXITED = 6,  /* number: wait status */
    MESSAGE_ROOT = 7,    /* with the root directory */
    MESSAGE_PROBED = 8,  /* error; path: name of the ability */
    MESSAGE_HOOKS = 9,   /* all is mounted and nothing entered: hooks of the runtime's may run */
    MESSAGE_LISTENER = 10, /* with the listener of a filter; number: whether an init waits for us */
    MESSAGE_NETLINK = 12, /* with a socket in a network namespace */
    MESSAGE_NEED_GROUP = 11, /* nothing is done yet: it may be moved into its control group */
    /* parent to helper */
    MESSAGE_MAPS_DONE = 32,
    MESSAGE_START = 33,
    MESSAGE_HOOKS_DONE = 34,
    MESSAGE_GIVE_UP = 35, /* at the gate only */
    MESSAGE_GROUP_DONE = 36,
    MESSAGE_LISTENED = 37, /* somebody has the listener */
};

/* Flags, none of which means two things: whether a shell is there, or the program; of a child, whether it is an init,
 * and whether its parent is a keeper, which stays. */
enum { MESSAGE_HAS_SHELL = 1, MESSAGE_NEW_PID_NAMESPACE = 2, MESSAGE_HAS_PROGRAM = 4, MESSAGE_KEPT = 8 };

/* From which bits on they are numbers: of hooks right before the one that failed, and of the step. */
enum { MESSAGE_ORDINAL = 4, MESSAGE_PLACE = 16 };

#include "message.h"

#endif
