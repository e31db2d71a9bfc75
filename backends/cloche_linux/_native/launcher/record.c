/* Reading `state.json`. */
#include "container.h"

static char text[RECORD_ROOM];

/* The value of a name that has to be there once. */
static struct json need(struct json object, const char *name)
{
    struct json value;
    if (json_find(object, name, &value) != 1)
        hand_over();
    return value;
}

static struct json need_string(struct json object, const char *name)
{
    struct json value = need(object, name);
    if (!json_is_string(value))
        hand_over();
    return value;
}

static uint64_t need_number(struct json object, const char *name)
{
    uint64_t number;
    if (!json_number(need(object, name), &number))
        hand_over();
    return number;
}

static struct json need_object(struct json object, const char *name)
{
    struct json value = need(object, name);
    if (!json_is_object(value))
        hand_over();
    return value;
}

static int has(struct json object, const char *name)
{
    struct json value;
    return json_find(object, name, &value) != 0;
}

/* Python refuses a record with a name that it does not know, and whoever writes one is newer than this. */
static void check_names(struct json whole)
{
    static const char *const known[] = {
        "id", "bundle", "rootfs", "version", "created", "annotations",
        "runtime", "terminal", "owner", "supervisor", "info",
    };
    struct json_walk walk = json_enter(whole);
    struct json_member member;
    while (json_next(&walk, &member)) {
        size_t at = 0, count = sizeof known / sizeof *known;
        while (at < count && !json_says(member.name, known[at]))
            at++;
        if (at == count)
            hand_over();
    }
}

static void check_annotations(struct json annotations)
{
    struct json_walk walk = json_enter(annotations);
    struct json_member member;
    while (json_next(&walk, &member))
        if (!json_is_string(member.value))
            hand_over();
    if (!json_has_distinct_names(annotations))
        hand_over();
}

static void read_noted(struct json info, struct record *record)
{
    struct json init = need_object(info, "init"), value;
    record->pid = need_number(init, "pid");
    record->start = need_number(init, "start");
    record->boot = need_string(init, "boot");
    record->has_hooks = has(info, "hooks");
    record->has_subject = has(info, "subject");
    record->shares_pids = has(info, "shares_pids");
    if (json_find(info, "detached", &value) != 1 || !json_is(value, "true"))
        hand_over();
    if (record->pid == 0 || record->pid > INT32_MAX)
        hand_over();
}

static void read_record(struct json whole, const char *id, struct record *record)
{
    struct json supervisor;
    check_names(whole);
    record->id = need_string(whole, "id");
    record->bundle = need_string(whole, "bundle");
    record->rootfs = need_string(whole, "rootfs");
    record->version = need_string(whole, "version");
    record->created = need_string(whole, "created");
    record->annotations = need_object(whole, "annotations");
    record->owner = need_number(whole, "owner");
    need(whole, "terminal");
    check_annotations(record->annotations);
    if (!json_says(record->id, id) || !json_says(need(whole, "runtime"), "linux"))
        hand_over();
    int found = json_find(whole, "supervisor", &supervisor);
    record->supervised = found < 0 || (found && !json_is(supervisor, "null"));
    read_noted(need_object(whole, "info"), record);
}

/* Nothing is followed into the directory; whether a link leads to it is for Python to judge. */
static int open_directory(const struct line *line)
{
    struct path path;
    container_path(line, &path);
    return (int)CALL(openat, AT_FDCWD, path.text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

int find_container(const struct line *line, struct container *container)
{
    if (line->count == 0 || !is_proper_id(line->words[0]))
        hand_over();
    container->directory = open_directory(line);
    if (container->directory == -ENOENT)
        return 0;
    if (container->directory < 0)
        hand_over();
    long size = read_file(container->directory, "state.json", text, sizeof text);
    struct json whole = {text, size > 0 ? (size_t)size : 0};
    if (size < 0 || !json_is_plain(whole) || !json_is_object(whole))
        hand_over();
    read_record(whole, line->words[0], &container->record);
    return 1;
}
