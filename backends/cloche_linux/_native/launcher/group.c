/* Reading `cgroup.json`, the note of a container's control group (cloche_linux/groups.py and cgroups/). */
#include <linux/stat.h>

#include "container.h"

static char text[GROUP_ROOM];

static int has_word(struct json list, const char *word)
{
    struct json_walk walk = json_enter(list);
    struct json_member member;
    int found = 0;
    while (json_next(&walk, &member)) {
        if (!json_is_string(member.value))
            hand_over();
        found |= json_says(member.value, word);
    }
    return found;
}

static void read_node(struct json info, struct node *node)
{
    struct json version, controllers, path, inode, found;
    if (!json_is_object(info) || json_find(info, "version", &version) != 1
        || json_find(info, "controllers", &controllers) != 1 || json_find(info, "path", &path) != 1
        || json_find(info, "inode", &inode) != 1)
        hand_over();
    if (!json_is(version, "1") && !json_is(version, "2"))
        hand_over();
    if (!json_is_list(controllers) || !json_copy(path, node->path, sizeof node->path) || node->path[0] != '/')
        hand_over();
    node->is_known = !json_is(inode, "null");
    if (node->is_known && !json_number(inode, &node->inode))
        hand_over();
    node->version = json_is(version, "1") ? 1 : 2;
    node->freezes = has_word(controllers, "freezer") || node->version == 2;
    int marks = json_find(info, "found", &found);
    if (marks < 0)
        hand_over();
    node->found = marks && json_is(found, "true");
}

int node_exists(const struct node *node)
{
    struct statx found;
    long error = CALL(statx, AT_FDCWD, node->path, 0, STATX_INO, &found);
    if (error == -ENOENT)
        return 0;
    if (error < 0)
        hand_over();
    return !node->is_known || found.stx_ino == node->inode;
}

static void read_nodes(struct json list, struct group *group)
{
    struct json_walk walk = json_enter(list);
    struct json_member member;
    while (json_next(&walk, &member)) {
        if (group->count == MOST_NODES)
            hand_over();
        struct node *node = group->nodes + group->count;
        read_node(member.value, node);
        group->count += node_exists(node);
    }
}

/* What is there is systemd's. */
static int is_something(struct json whole, const char *name)
{
    struct json value;
    int found = json_find(whole, name, &value);
    return found < 0 || (found && !json_is(value, "null"));
}

void read_group(int directory, struct group *group)
{
    struct json id, nodes;
    group->count = 0;
    long size = read_file(directory, "cgroup.json", text, sizeof text);
    if (size == -ENOENT)
        return;
    struct json whole = {text, size > 0 ? (size_t)size : 0};
    if (size < 0 || !json_is_plain(whole) || !json_is_object(whole))
        hand_over();
    if (json_find(whole, "id", &id) != 1 || !json_is_string(id) || json_find(whole, "nodes", &nodes) != 1
        || !json_is_list(nodes) || is_something(whole, "scope") || is_something(whole, "unit"))
        hand_over();
    read_nodes(nodes, group);
}
