
use builtin;
use str;

set edit:completion:arg-completer[pgcreds] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'pgcreds'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'pgcreds'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand init 'Create an empty state file'
            cand connection 'Manage connections: how to reach a server as its admin'
            cand role 'Manage roles: the recipes for logins'
            cand issue 'Make a login that expires, and print its credentials'
            cand lease 'Manage leases: the logins that pgcreds made'
            cand sweep 'Revoke every lease that has ended'
            cand audit 'List what was done, from the audit log'
            cand exec 'Run a command with a fresh login in its environment'
            cand agent 'Keep files filled with valid credentials'
            cand doctor 'Look for what does not work, or will hurt, and say how to mend it'
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pgcreds;init'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;connection'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
            cand add 'Add a connection to the state file'
            cand list 'List the connections of the state file'
            cand show 'Show one connection, without its password'
            cand check 'Connect, and check that the admin can make logins'
            cand rotate 'Give the admin a new random password, and store it where the old one was'
            cand remove 'Remove a connection from the state file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pgcreds;connection;add'= {
            cand --url 'Connection string, with {{username}} and {{password}} where they belong'
            cand --username 'The admin''s name'
            cand --allowed-roles 'Roles that may use it, as globs [default: every role]'
            cand --client-host 'Host for the credentials, where applications reach the server another way than the admin'
            cand --client-port 'Port for the credentials'
            cand --client-sslmode 'sslmode for the credentials [default: that of the url]'
            cand --password-env 'Read the password from this environment variable, each time'
            cand --password-file 'Read the password from the first line of this file, each time'
            cand --password-command 'Read the password from the first line that this command prints, each time'
            cand --password-credential 'Read the password from systemd''s credential of this name (LoadCredential=), each time'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --password-stdin 'Read the password from the first line of stdin'
            cand --store-password 'Write the password into the state file itself'
            cand --no-verify 'Do not connect, nor read the password'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;connection;list'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;connection;show'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;connection;check'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;connection;rotate'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --yes 'Rotate the password of superuser "postgres" too'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;connection;remove'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --force 'Remove it whatever is left on the server, and when it cannot be asked'
            cand --delete-password 'Delete the password that is stored for it, too'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;connection;help'= {
            cand add 'Add a connection to the state file'
            cand list 'List the connections of the state file'
            cand show 'Show one connection, without its password'
            cand check 'Connect, and check that the admin can make logins'
            cand rotate 'Give the admin a new random password, and store it where the old one was'
            cand remove 'Remove a connection from the state file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pgcreds;connection;help;add'= {
        }
        &'pgcreds;connection;help;list'= {
        }
        &'pgcreds;connection;help;show'= {
        }
        &'pgcreds;connection;help;check'= {
        }
        &'pgcreds;connection;help;rotate'= {
        }
        &'pgcreds;connection;help;remove'= {
        }
        &'pgcreds;connection;help;help'= {
        }
        &'pgcreds;role'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
            cand add 'Add a role to the state file'
            cand list 'List the roles of the state file'
            cand show 'Show one role, with the statements that it stands for'
            cand check 'Make a login of a role and give it up at once, to see what it would be'
            cand remove 'Remove a role from the state file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pgcreds;role;add'= {
            cand --connection 'The connection whose server gets the logins'
            cand --creation-statements 'SQL that makes a login, @FILE to take it from a file, or @- from stdin (can be repeated)'
            cand --member-of 'Group role that logins become members of (can be repeated)'
            cand --set-role 'Group role that sessions work as, so that it owns what they create'
            cand --search-path 'Schema in which the statements find what is named without one [default: public] (can be repeated)'
            cand --renew-statements 'SQL that runs at each renewal, or @FILE, or @- (can be repeated)'
            cand --revocation-statements 'SQL that runs at revocation, before the built-in revocation, or @FILE, or @- (can be repeated)'
            cand --default-ttl 'Lifetime when none is asked for, like 90s, 15m, 1h30m, 7d'
            cand --max-ttl 'Longest lifetime, renewals included'
            cand --reassign-owned-to 'Role that gets what a login owns when it is revoked'
            cand --max-leases 'Live leases at the most'
            cand --username-template 'How logins are named, as in "v-{{ label | truncate(8) }}-{{ role | truncate(8) }}-{{ random(20) }}"'
            cand --password-length 'Letters and digits of a password, 24 to 128 [default: 32]'
            cand --connection-limit 'Sessions that a login may have at the same time, -1 for no limit [default: 20, or as --creation-statements say]'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --force 'Allow logins to act on other sessions or on the server''s files, as with pg_signal_backend or REPLICATION'
            cand --no-verify 'Do not connect'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;role;list'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;role;show'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;role;check'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;role;remove'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;role;help'= {
            cand add 'Add a role to the state file'
            cand list 'List the roles of the state file'
            cand show 'Show one role, with the statements that it stands for'
            cand check 'Make a login of a role and give it up at once, to see what it would be'
            cand remove 'Remove a role from the state file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pgcreds;role;help;add'= {
        }
        &'pgcreds;role;help;list'= {
        }
        &'pgcreds;role;help;show'= {
        }
        &'pgcreds;role;help;check'= {
        }
        &'pgcreds;role;help;remove'= {
        }
        &'pgcreds;role;help;help'= {
        }
        &'pgcreds;issue'= {
            cand --ttl 'Lifetime, like 90s, 15m, 1h30m, 7d [default: the role''s default_ttl]'
            cand --for 'Who or what it is for; a part of the login''s name [default: your user name]'
            cand --format 'The form of the credentials [env: PGCREDS_FORMAT] [default: table]'
            cand --out 'Write the credentials to this file instead of stdout, at once; a link in its place is replaced'
            cand --mode 'Permission bits of the file, in octal [default: 0600]'
            cand --owner 'Give the file to this user, by name or number'
            cand --group 'Give the file to this group, by name or number'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --verify 'Log in with the credentials where applications will, and revoke the login again when that fails'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;lease'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
            cand list 'List leases, as the servers know them'
            cand show 'Show one lease, also one that is gone'
            cand renew 'Give a lease more time'
            cand revoke 'End leases now: sessions, login and grants'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pgcreds;lease;list'= {
            cand --connection 'Ask only this connection (can be repeated)'
            cand --role 'Only leases of this role'
            cand --state 'Only leases in this state'
            cand --label 'Only leases that were issued --for this label'
            cand --expires-within 'Only leases that end within this time'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;lease;show'= {
            cand --connection 'Ask only this connection (can be repeated)'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;lease;renew'= {
            cand --ttl 'Lifetime from now on, like 90s, 15m, 1h30m, 7d [default: the role''s default_ttl]'
            cand --increment 'Lifetime from now on, like 90s, 15m, 1h30m, 7d [default: the role''s default_ttl]'
            cand --connection 'Ask only this connection (can be repeated)'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;lease;revoke'= {
            cand --role 'All leases of this role'
            cand --connection 'All leases that were issued through this connection; with IDs: ask only this connection (can be repeated)'
            cand --session-timeout 'How long to wait for a login''s sessions to end'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --all 'All leases that were issued through the connections of the state file'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;lease;help'= {
            cand list 'List leases, as the servers know them'
            cand show 'Show one lease, also one that is gone'
            cand renew 'Give a lease more time'
            cand revoke 'End leases now: sessions, login and grants'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pgcreds;lease;help;list'= {
        }
        &'pgcreds;lease;help;show'= {
        }
        &'pgcreds;lease;help;renew'= {
        }
        &'pgcreds;lease;help;revoke'= {
        }
        &'pgcreds;lease;help;help'= {
        }
        &'pgcreds;sweep'= {
            cand --connection 'Sweep only this connection (can be repeated)'
            cand --role 'Only leases of this role'
            cand --max 'Refuse to revoke more than this many leases at once'
            cand --session-timeout 'How long to wait for a login''s sessions to end'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --dry-run 'List what would go, and change nothing'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;audit'= {
            cand --since 'Only what happened in this time, or since this time in UTC (2026-11-24, 2026-11-24T03:12:00Z)'
            cand --event 'Only this kind of event'
            cand --lease 'Only this lease'
            cand --role 'Only leases of this role'
            cand --label 'Only leases that were issued --for this label'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;exec'= {
            cand --ttl 'Lifetime, and how long each renewal is for [default: the role''s default_ttl]'
            cand --for 'Who or what it is for; a part of the login''s name [default: your user name]'
            cand --env 'One more variable, from a template over the fields of issue --format json, and jdbc (can be repeated)'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --pristine 'Start with an empty environment but for PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LC_ALL, TZ and TMPDIR'
            cand --pgpass 'Give the password in a file that PGPASSFILE names (mode 0600, removed afterwards), and not in the environment'
            cand --keep 'Leave the lease to its end when the command has ended'
            cand --nested 'Run inside another pgcreds exec'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;agent'= {
            cand --health-file 'Write how the files are to this file, every few seconds, for probes'
            cand --log-format 'How a line of the log is written'
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand --once 'Write each file once and exit, for init containers; the leases are not renewed'
            cand --keep 'Leave the files and the leases when it is stopped'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;doctor'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;completions'= {
            cand --state 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]'
            cand --format 'How the result is printed [env: PGCREDS_FORMAT] [default: table]'
            cand --audit-log 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]'
            cand -h 'Print help (see a summary with ''-h'')'
            cand --help 'Print help (see a summary with ''-h'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand -q 'Print errors and warnings only'
            cand --quiet 'Print errors and warnings only'
            cand -v 'Report each step'
            cand --verbose 'Report each step'
        }
        &'pgcreds;help'= {
            cand init 'Create an empty state file'
            cand connection 'Manage connections: how to reach a server as its admin'
            cand role 'Manage roles: the recipes for logins'
            cand issue 'Make a login that expires, and print its credentials'
            cand lease 'Manage leases: the logins that pgcreds made'
            cand sweep 'Revoke every lease that has ended'
            cand audit 'List what was done, from the audit log'
            cand exec 'Run a command with a fresh login in its environment'
            cand agent 'Keep files filled with valid credentials'
            cand doctor 'Look for what does not work, or will hurt, and say how to mend it'
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pgcreds;help;init'= {
        }
        &'pgcreds;help;connection'= {
            cand add 'Add a connection to the state file'
            cand list 'List the connections of the state file'
            cand show 'Show one connection, without its password'
            cand check 'Connect, and check that the admin can make logins'
            cand rotate 'Give the admin a new random password, and store it where the old one was'
            cand remove 'Remove a connection from the state file'
        }
        &'pgcreds;help;connection;add'= {
        }
        &'pgcreds;help;connection;list'= {
        }
        &'pgcreds;help;connection;show'= {
        }
        &'pgcreds;help;connection;check'= {
        }
        &'pgcreds;help;connection;rotate'= {
        }
        &'pgcreds;help;connection;remove'= {
        }
        &'pgcreds;help;role'= {
            cand add 'Add a role to the state file'
            cand list 'List the roles of the state file'
            cand show 'Show one role, with the statements that it stands for'
            cand check 'Make a login of a role and give it up at once, to see what it would be'
            cand remove 'Remove a role from the state file'
        }
        &'pgcreds;help;role;add'= {
        }
        &'pgcreds;help;role;list'= {
        }
        &'pgcreds;help;role;show'= {
        }
        &'pgcreds;help;role;check'= {
        }
        &'pgcreds;help;role;remove'= {
        }
        &'pgcreds;help;issue'= {
        }
        &'pgcreds;help;lease'= {
            cand list 'List leases, as the servers know them'
            cand show 'Show one lease, also one that is gone'
            cand renew 'Give a lease more time'
            cand revoke 'End leases now: sessions, login and grants'
        }
        &'pgcreds;help;lease;list'= {
        }
        &'pgcreds;help;lease;show'= {
        }
        &'pgcreds;help;lease;renew'= {
        }
        &'pgcreds;help;lease;revoke'= {
        }
        &'pgcreds;help;sweep'= {
        }
        &'pgcreds;help;audit'= {
        }
        &'pgcreds;help;exec'= {
        }
        &'pgcreds;help;agent'= {
        }
        &'pgcreds;help;doctor'= {
        }
        &'pgcreds;help;completions'= {
        }
        &'pgcreds;help;help'= {
        }
    ]
    $completions[$command]
}
