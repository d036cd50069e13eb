/**
 * The `.museignore` that a new working tree starts with.
 *
 * Every pattern is commented out, so it leaves nothing out until somebody edits it.
 */
export const defaultMuseIgnore = `# What snapshots of this tree leave out, beside everything named .muse or .git.
#
# Patterns are those of .gitignore:
#   'name'     a file or directory of that name, at any depth
#   'name/'    directories only, with all that is in them
#   '/name'    at the top only
#   '*.ext'    * stands for anything but a slash, ? for one byte, [a-z] for one of a range
#   'a/**/b'   ** stands for any number of directories
#   '!name'    takes back in what an earlier pattern left out
# The last pattern that matches decides. Single quotes keep a backslash as it is.
#
# Nothing is left out yet: remove the # in front of what you want.

# For every domain.
[global]
patterns = [
  # '.DS_Store',
  # 'Thumbs.db',
  # '*.swp',
  # '*~',
]

# For the domain of this tree: "code", unless .muse/repo.json names another.
[domain.code]
patterns = [
  # 'node_modules/',
  # '__pycache__/',
  # '*.o',
  # '/build/',
  # '/dist/',
  # '*.log',
  # '!keep.log',
]
`;
