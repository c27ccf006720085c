# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pgcreds_global_optspecs
    string join \n q/quiet v/verbose state= format= audit-log= h/help V/version
end

function __fish_pgcreds_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pgcreds_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pgcreds_using_subcommand
    set -l cmd (__fish_pgcreds_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pgcreds -n "__fish_pgcreds_needs_command" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_needs_command" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_needs_command" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_needs_command" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "init" -d 'Create an empty state file'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "connection" -d 'Manage connections: how to reach a server as its admin'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "role" -d 'Manage roles: the recipes for logins'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "issue" -d 'Make a login that expires, and print its credentials'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "lease" -d 'Manage leases: the logins that pgcreds made'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "sweep" -d 'Revoke every lease that has ended'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "audit" -d 'List what was done, from the audit log'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "exec" -d 'Run a command with a fresh login in its environment'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "agent" -d 'Keep files filled with valid credentials'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "doctor" -d 'Look for what does not work, or will hurt, and say how to mend it'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c pgcreds -n "__fish_pgcreds_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand init" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand init" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand init" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand init" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand init" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand init" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand init" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -f -a "add" -d 'Add a connection to the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -f -a "list" -d 'List the connections of the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -f -a "show" -d 'Show one connection, without its password'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -f -a "check" -d 'Connect, and check that the admin can make logins'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -f -a "rotate" -d 'Give the admin a new random password, and store it where the old one was'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -f -a "remove" -d 'Remove a connection from the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and not __fish_seen_subcommand_from add list show check rotate remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l url -d 'Connection string, with {{username}} and {{password}} where they belong' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l username -d 'The admin\'s name' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l allowed-roles -d 'Roles that may use it, as globs [default: every role]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l client-host -d 'Host for the credentials, where applications reach the server another way than the admin' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l client-port -d 'Port for the credentials' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l client-sslmode -d 'sslmode for the credentials [default: that of the url]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l password-env -d 'Read the password from this environment variable, each time' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l password-file -d 'Read the password from the first line of this file, each time' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l password-command -d 'Read the password from the first line that this command prints, each time' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l password-credential -d 'Read the password from systemd\'s credential of this name (LoadCredential=), each time' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l password-stdin -d 'Read the password from the first line of stdin'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l store-password -d 'Write the password into the state file itself'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -l no-verify -d 'Do not connect, nor read the password'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from list" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from list" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from list" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from show" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from show" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from show" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from check" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from check" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from check" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from rotate" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from rotate" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from rotate" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from rotate" -l yes -d 'Rotate the password of superuser "postgres" too'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from rotate" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -l force -d 'Remove it whatever is left on the server, and when it cannot be asked'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -l delete-password -d 'Delete the password that is stored for it, too'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a connection to the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the connections of the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one connection, without its password'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from help" -f -a "check" -d 'Connect, and check that the admin can make logins'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Give the admin a new random password, and store it where the old one was'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a connection from the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand connection; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -f -a "add" -d 'Add a role to the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -f -a "list" -d 'List the roles of the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -f -a "show" -d 'Show one role, with the statements that it stands for'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -f -a "check" -d 'Make a login of a role and give it up at once, to see what it would be'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -f -a "remove" -d 'Remove a role from the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and not __fish_seen_subcommand_from add list show check remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l connection -d 'The connection whose server gets the logins' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l creation-statements -d 'SQL that makes a login, @FILE to take it from a file, or @- from stdin (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l member-of -d 'Group role that logins become members of (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l set-role -d 'Group role that sessions work as, so that it owns what they create' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l search-path -d 'Schema in which the statements find what is named without one [default: public] (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l renew-statements -d 'SQL that runs at each renewal, or @FILE, or @- (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l revocation-statements -d 'SQL that runs at revocation, before the built-in revocation, or @FILE, or @- (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l default-ttl -d 'Lifetime when none is asked for, like 90s, 15m, 1h30m, 7d' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l max-ttl -d 'Longest lifetime, renewals included' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l reassign-owned-to -d 'Role that gets what a login owns when it is revoked' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l max-leases -d 'Live leases at the most' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l username-template -d 'How logins are named, as in "v-{{ label | truncate(8) }}-{{ role | truncate(8) }}-{{ random(20) }}"' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l password-length -d 'Letters and digits of a password, 24 to 128 [default: 32]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l connection-limit -d 'Sessions that a login may have at the same time, -1 for no limit [default: 20, or as --creation-statements say]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l force -d 'Allow logins to act on other sessions or on the server\'s files, as with pg_signal_backend or REPLICATION'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -l no-verify -d 'Do not connect'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from list" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from list" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from list" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from show" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from show" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from show" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from check" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from check" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from check" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from remove" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from remove" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from remove" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a role to the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the roles of the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one role, with the statements that it stands for'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "check" -d 'Make a login of a role and give it up at once, to see what it would be'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a role from the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand role; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l ttl -d 'Lifetime, like 90s, 15m, 1h30m, 7d [default: the role\'s default_ttl]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l for -d 'Who or what it is for; a part of the login\'s name [default: your user name]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l format -d 'The form of the credentials [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'All fields; a contract'
env\t'export lines for a POSIX shell'
fish\t'set lines for fish'
powershell\t'$env: lines for PowerShell'
dotenv\t'A .env file'
url\t'A libpq connection URI'
jdbc\t'A JDBC URL'
pgpass\t'A line of ~/.pgpass'
service\t'A section of pg_service.conf, named after the role'
github\t'GitHub Actions: masks first, then $GITHUB_ENV'
kubernetes-secret\t'A Kubernetes Secret, in YAML'
password\t'Nothing but the password'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l out -d 'Write the credentials to this file instead of stdout, at once; a link in its place is replaced' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l mode -d 'Permission bits of the file, in octal [default: 0600]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l owner -d 'Give the file to this user, by name or number' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l group -d 'Give the file to this group, by name or number' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -l verify -d 'Log in with the credentials where applications will, and revoke the login again when that fails'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand issue" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -f -a "list" -d 'List leases, as the servers know them'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -f -a "show" -d 'Show one lease, also one that is gone'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -f -a "renew" -d 'Give a lease more time'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -f -a "revoke" -d 'End leases now: sessions, login and grants'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and not __fish_seen_subcommand_from list show renew revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -l connection -d 'Ask only this connection (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -l role -d 'Only leases of this role' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -l state -d 'Only leases in this state' -r -f -a "active\t'Its end is to come'
expired\t'Its end has passed and no sweep has met it yet'
quarantined\t'Cut off (no login, no password), but not dropped yet'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -l label -d 'Only leases that were issued --for this label' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -l expires-within -d 'Only leases that end within this time' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from show" -l connection -d 'Ask only this connection (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from show" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from show" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from show" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -l ttl -l increment -d 'Lifetime from now on, like 90s, 15m, 1h30m, 7d [default: the role\'s default_ttl]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -l connection -d 'Ask only this connection (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from renew" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -l role -d 'All leases of this role' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -l connection -d 'All leases that were issued through this connection; with IDs: ask only this connection (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -l session-timeout -d 'How long to wait for a login\'s sessions to end' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -l all -d 'All leases that were issued through the connections of the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "list" -d 'List leases, as the servers know them'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one lease, also one that is gone'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "renew" -d 'Give a lease more time'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'End leases now: sessions, login and grants'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -l connection -d 'Sweep only this connection (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -l role -d 'Only leases of this role' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -l max -d 'Refuse to revoke more than this many leases at once' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -l session-timeout -d 'How long to wait for a login\'s sessions to end' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -l dry-run -d 'List what would go, and change nothing'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand sweep" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -l since -d 'Only what happened in this time, or since this time in UTC (2026-11-24, 2026-11-24T03:12:00Z)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -l event -d 'Only this kind of event' -r -f -a "issue\t'A login was made'
renew\t'A lease got more time'
revoke\t'A lease was ended before its time'
sweep\t'An expired lease was removed'
rotate\t'An admin got a new password'
exec_start\t'A command was started with a lease'
exec_end\t'That command ended'
connect\t'A server could not be reached for what was due there'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -l lease -d 'Only this lease' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -l role -d 'Only leases of this role' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -l label -d 'Only leases that were issued --for this label' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand audit" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l ttl -d 'Lifetime, and how long each renewal is for [default: the role\'s default_ttl]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l for -d 'Who or what it is for; a part of the login\'s name [default: your user name]' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l env -d 'One more variable, from a template over the fields of issue --format json, and jdbc (can be repeated)' -r
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l pristine -d 'Start with an empty environment but for PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LC_ALL, TZ and TMPDIR'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l pgpass -d 'Give the password in a file that PGPASSFILE names (mode 0600, removed afterwards), and not in the environment'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l keep -d 'Leave the lease to its end when the command has ended'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -l nested -d 'Run inside another pgcreds exec'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand exec" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -l health-file -d 'Write how the files are to this file, every few seconds, for probes' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -l log-format -d 'How a line of the log is written' -r -f -a "text\t'event name=value …'
json\t'One JSON object a line'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -l once -d 'Write each file once and exit, for init containers; the leases are not renewed'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -l keep -d 'Leave the files and the leases when it is stopped'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand agent" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand doctor" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand doctor" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand doctor" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand doctor" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand doctor" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand doctor" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand completions" -l state -d 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand completions" -l format -d 'How the result is printed [env: PGCREDS_FORMAT] [default: table]' -r -f -a "table\t'For people'
json\t'For machines; a contract'"
complete -c pgcreds -n "__fish_pgcreds_using_subcommand completions" -l audit-log -d 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]' -r -F
complete -c pgcreds -n "__fish_pgcreds_using_subcommand completions" -s h -l help -d 'Print help (see a summary with \'-h\')'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand completions" -s V -l version -d 'Print version'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand completions" -s q -l quiet -d 'Print errors and warnings only'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand completions" -s v -l verbose -d 'Report each step'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "init" -d 'Create an empty state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "connection" -d 'Manage connections: how to reach a server as its admin'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "role" -d 'Manage roles: the recipes for logins'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "issue" -d 'Make a login that expires, and print its credentials'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "lease" -d 'Manage leases: the logins that pgcreds made'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "sweep" -d 'Revoke every lease that has ended'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "audit" -d 'List what was done, from the audit log'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "exec" -d 'Run a command with a fresh login in its environment'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "agent" -d 'Keep files filled with valid credentials'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "doctor" -d 'Look for what does not work, or will hurt, and say how to mend it'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and not __fish_seen_subcommand_from init connection role issue lease sweep audit exec agent doctor completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from connection" -f -a "add" -d 'Add a connection to the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from connection" -f -a "list" -d 'List the connections of the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from connection" -f -a "show" -d 'Show one connection, without its password'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from connection" -f -a "check" -d 'Connect, and check that the admin can make logins'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from connection" -f -a "rotate" -d 'Give the admin a new random password, and store it where the old one was'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from connection" -f -a "remove" -d 'Remove a connection from the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from role" -f -a "add" -d 'Add a role to the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from role" -f -a "list" -d 'List the roles of the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from role" -f -a "show" -d 'Show one role, with the statements that it stands for'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from role" -f -a "check" -d 'Make a login of a role and give it up at once, to see what it would be'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from role" -f -a "remove" -d 'Remove a role from the state file'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from lease" -f -a "list" -d 'List leases, as the servers know them'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from lease" -f -a "show" -d 'Show one lease, also one that is gone'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from lease" -f -a "renew" -d 'Give a lease more time'
complete -c pgcreds -n "__fish_pgcreds_using_subcommand help; and __fish_seen_subcommand_from lease" -f -a "revoke" -d 'End leases now: sessions, login and grants'
