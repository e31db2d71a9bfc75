/* As much of reading JSON as the stand-in needs: members of objects, strings, true. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>

bool json_is_object(const char *document); /* whole, valid, and nothing behind it */

/* Where the value of a member of this object begins; NULL without such a member or object. */
const char *json_member(const char *object, const char *name);

/* Goes through the members: `cursor` begins as the object; false after the last. Free the name. */
bool json_next(const char **cursor, char **name, const char **value);

char *json_string(const char *value); /* memory of malloc; NULL for anything but a string */
bool json_is_true(const char *value);
bool json_contains(const char *array, const char *string);

#endif
