/* One call of an exported function: recorded, steered, answered.
 *
 *     begin_call("HcsCloseProcess");
 *     argument_handle("process", process);
 *     code = decide(subject, the natural result);
 *     if (takes_effect(code)) …
 *     give_result(result, code);
 *     return end_call(code);
 *
 * begin_call locks the state, end_call unlocks it: calls are carried out one after the other.
 */
#ifndef CALL_H
#define CALL_H

#include "abi.h"
#include "objects.h"

void begin_call(const char *function);
void argument_text(const char *name, const char *value);
void argument_wide(const char *name, const wide *value);
void argument_number(const char *name, uint64_t value);
void argument_handle(const char *name, handle value);
void argument_driver(const struct driver_info *info);
void argument_layers(const struct layer_descriptor *layers, size_t count);

/* The natural result, unless steering or a lost service says otherwise. */
hresult decide(const char *subject, hresult natural);
bool takes_effect(hresult code);

void out_text(const char *name, const char *value);
void out_number(const char *name, uint64_t value);
void out_handle(const char *name, handle value);
struct text *out_member(const char *name); /* for anything else: print its JSON there */
void print_guid(struct text *text, const struct guid *id);

void give_result(wide **result, hresult code);
hresult end_call(hresult code);

int call_number(void); /* of the call under way: the cause of what it brings about */

/* ---- the trace ---- */

void open_trace(const char *path); /* appends; NULL: none */
void trace_line(const char *line, size_t length);
void mark_step(int step);

/* ---- what hangs ---- */

void release_calls(void); /* those that hang go on, and nothing hangs any more */
int calls_hanging(void);

void forget_calls(void);

#endif
