/* A command line taken apart by the rules of Windows' C runtime, where no Windows does it. */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

char **split_command_line(const char *line); /* ends with NULL */
void free_arguments(char **arguments);

#endif
