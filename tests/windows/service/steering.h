/* How the service is to behave: lines of fields with tabs between them, the first its kind.
 *
 * All functions here are to be called with the state locked.
 *
 *   fault FUNCTION NTH HRESULT [MATCH]      that result; 0x0 and pending let the call take effect.
 *                                           With MATCH only calls whose subject contains it count
 *   default FUNCTION HRESULT                what is answered where nothing else speaks against it
 *   result FUNCTION NTH DOCUMENT            the result document; NULL is none
 *   hang FUNCTION NTH [before|after]        does not return until released; before or after effect
 *   disconnect FUNCTION NTH                 that call loses the service
 *   proc NTH MODE OUT ERR CODE DELAY STATUS LASTWAIT [SIGNALS]
 *                                           MODE exit, echo, run, or real; OUT and ERR in
 *                                           hexadecimal; SIGNALS `ignored`
 *   notify TYPE NTH ACTION [ID] [MS]        ACTION an HRESULT as its status, swallow, early,
 *                                           duplicate, late (by MS), held, reordered
 *   updates ID true|false                   whether updates are pending
 *   exit_with_init ID, start_exits ID, create_exits ID, badpipe NTH
 *   system ID OWNER TYPE created|running    is there already
 *   enumerate, sysprops, procprops, service DOCUMENT
 *   network PATH DOCUMENT                   what HNSCall answers for that path
 *   volume PATH                             the mount path of every layer
 *   pace MS                                 20 by default; 0: no delays at all
 *
 * NTH counts from 1; `*` is each.
 */
#ifndef STEERING_H
#define STEERING_H

#include <stdbool.h>

#include "abi.h"

enum { FIELDS = 12 };

struct rule {
    const char *field[FIELDS]; /* missing ones are empty */
    int hits;
    struct rule *next;
};

void steer(const char *lines); /* adds rules */
void forget_steering(void);

struct rule *first_rule(const char *kind);
struct rule *next_rule(struct rule *rule); /* of the same kind */

/* The rule of this kind whose first field is the name; NULL without one. */
struct rule *rule_about(const char *kind, const char *name);

/* The rule of this kind for the nth of that name. */
struct rule *rule_for(const char *kind, const char *name, int number);

bool is_number(const char *field, int number); /* or `*` */
uint32_t field_code(const char *field);
const char *raw_document(const char *kind); /* NULL: none was given */
int pace(void);

#endif
