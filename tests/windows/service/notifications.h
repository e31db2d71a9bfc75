/* Notifications: sent later, steered, delivered to callbacks. The state is to be locked. */
#ifndef NOTIFICATIONS_H
#define NOTIFICATIONS_H

#include "clock.h"

/* The task says type, system, process, status, cause and data; how it is delivered is steered. */
void announce(int milliseconds, struct task note);
void announce_disconnect(void); /* to every callback */
void release_notifications(void);
int notifications_held(void);
void forget_notifications(void);

/* Waits until it runs no more, and never will. The state is not to be locked. */
void silence(struct callback *callback);

/* ---- the steering of delivery: held.c ---- */

const char *notification_name(uint32_t type);
void hold(struct task note, bool until_next);

/* With a system: those that waited for the next one of that system. Without: all. */
void let_go(const struct system *system);

#endif
