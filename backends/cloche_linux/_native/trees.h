/* Removal of whole trees, for who has a descriptor of what they are in. */
#ifndef CLOCHE_TREES_H
#define CLOCHE_TREES_H

/* As `cloche_remove_tree`, of a directory's entry. */
int remove_tree_at(int directory, const char *name);

#endif
