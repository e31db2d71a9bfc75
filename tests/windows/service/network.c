/* HNSCall, the one function about networks. */
#include <stdlib.h>

#include "accounting.h"
#include "call.h"
#include "steering.h"

EXPORT hresult HNSCall(const wide *method, const wide *path, const wide *object, wide **response)
{
    struct rule *rule;
    char *name = narrow(path);
    hresult code;

    begin_call("HNSCall");
    argument_wide("method", method);
    argument_text("path", name);
    argument_wide("object", object);
    code = decide(name, S_OK_CODE);
    rule = rule_about("network", name);
    *response = NULL;
    if (takes_effect(code))
        *response = give_string(rule ? rule->field[2] : "{\"Success\":true,\"Output\":[]}");
    free(name);
    return end_call(code);
}
