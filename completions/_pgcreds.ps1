
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'pgcreds' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'pgcreds'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'pgcreds' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Create an empty state file')
            [CompletionResult]::new('connection', 'connection', [CompletionResultType]::ParameterValue, 'Manage connections: how to reach a server as its admin')
            [CompletionResult]::new('role', 'role', [CompletionResultType]::ParameterValue, 'Manage roles: the recipes for logins')
            [CompletionResult]::new('issue', 'issue', [CompletionResultType]::ParameterValue, 'Make a login that expires, and print its credentials')
            [CompletionResult]::new('lease', 'lease', [CompletionResultType]::ParameterValue, 'Manage leases: the logins that pgcreds made')
            [CompletionResult]::new('sweep', 'sweep', [CompletionResultType]::ParameterValue, 'Revoke every lease that has ended')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'List what was done, from the audit log')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run a command with a fresh login in its environment')
            [CompletionResult]::new('agent', 'agent', [CompletionResultType]::ParameterValue, 'Keep files filled with valid credentials')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look for what does not work, or will hurt, and say how to mend it')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgcreds;init' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;connection' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a connection to the state file')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the connections of the state file')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one connection, without its password')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Connect, and check that the admin can make logins')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Give the admin a new random password, and store it where the old one was')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a connection from the state file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgcreds;connection;add' {
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'Connection string, with {{username}} and {{password}} where they belong')
            [CompletionResult]::new('--username', '--username', [CompletionResultType]::ParameterName, 'The admin''s name')
            [CompletionResult]::new('--allowed-roles', '--allowed-roles', [CompletionResultType]::ParameterName, 'Roles that may use it, as globs [default: every role]')
            [CompletionResult]::new('--client-host', '--client-host', [CompletionResultType]::ParameterName, 'Host for the credentials, where applications reach the server another way than the admin')
            [CompletionResult]::new('--client-port', '--client-port', [CompletionResultType]::ParameterName, 'Port for the credentials')
            [CompletionResult]::new('--client-sslmode', '--client-sslmode', [CompletionResultType]::ParameterName, 'sslmode for the credentials [default: that of the url]')
            [CompletionResult]::new('--password-env', '--password-env', [CompletionResultType]::ParameterName, 'Read the password from this environment variable, each time')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'Read the password from the first line of this file, each time')
            [CompletionResult]::new('--password-command', '--password-command', [CompletionResultType]::ParameterName, 'Read the password from the first line that this command prints, each time')
            [CompletionResult]::new('--password-credential', '--password-credential', [CompletionResultType]::ParameterName, 'Read the password from systemd''s credential of this name (LoadCredential=), each time')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password from the first line of stdin')
            [CompletionResult]::new('--store-password', '--store-password', [CompletionResultType]::ParameterName, 'Write the password into the state file itself')
            [CompletionResult]::new('--no-verify', '--no-verify', [CompletionResultType]::ParameterName, 'Do not connect, nor read the password')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;connection;list' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;connection;show' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;connection;check' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;connection;rotate' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Rotate the password of superuser "postgres" too')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;connection;remove' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Remove it whatever is left on the server, and when it cannot be asked')
            [CompletionResult]::new('--delete-password', '--delete-password', [CompletionResultType]::ParameterName, 'Delete the password that is stored for it, too')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;connection;help' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a connection to the state file')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the connections of the state file')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one connection, without its password')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Connect, and check that the admin can make logins')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Give the admin a new random password, and store it where the old one was')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a connection from the state file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgcreds;connection;help;add' {
            break
        }
        'pgcreds;connection;help;list' {
            break
        }
        'pgcreds;connection;help;show' {
            break
        }
        'pgcreds;connection;help;check' {
            break
        }
        'pgcreds;connection;help;rotate' {
            break
        }
        'pgcreds;connection;help;remove' {
            break
        }
        'pgcreds;connection;help;help' {
            break
        }
        'pgcreds;role' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a role to the state file')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the roles of the state file')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one role, with the statements that it stands for')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Make a login of a role and give it up at once, to see what it would be')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a role from the state file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgcreds;role;add' {
            [CompletionResult]::new('--connection', '--connection', [CompletionResultType]::ParameterName, 'The connection whose server gets the logins')
            [CompletionResult]::new('--creation-statements', '--creation-statements', [CompletionResultType]::ParameterName, 'SQL that makes a login, @FILE to take it from a file, or @- from stdin (can be repeated)')
            [CompletionResult]::new('--member-of', '--member-of', [CompletionResultType]::ParameterName, 'Group role that logins become members of (can be repeated)')
            [CompletionResult]::new('--set-role', '--set-role', [CompletionResultType]::ParameterName, 'Group role that sessions work as, so that it owns what they create')
            [CompletionResult]::new('--search-path', '--search-path', [CompletionResultType]::ParameterName, 'Schema in which the statements find what is named without one [default: public] (can be repeated)')
            [CompletionResult]::new('--renew-statements', '--renew-statements', [CompletionResultType]::ParameterName, 'SQL that runs at each renewal, or @FILE, or @- (can be repeated)')
            [CompletionResult]::new('--revocation-statements', '--revocation-statements', [CompletionResultType]::ParameterName, 'SQL that runs at revocation, before the built-in revocation, or @FILE, or @- (can be repeated)')
            [CompletionResult]::new('--default-ttl', '--default-ttl', [CompletionResultType]::ParameterName, 'Lifetime when none is asked for, like 90s, 15m, 1h30m, 7d')
            [CompletionResult]::new('--max-ttl', '--max-ttl', [CompletionResultType]::ParameterName, 'Longest lifetime, renewals included')
            [CompletionResult]::new('--reassign-owned-to', '--reassign-owned-to', [CompletionResultType]::ParameterName, 'Role that gets what a login owns when it is revoked')
            [CompletionResult]::new('--max-leases', '--max-leases', [CompletionResultType]::ParameterName, 'Live leases at the most')
            [CompletionResult]::new('--username-template', '--username-template', [CompletionResultType]::ParameterName, 'How logins are named, as in "v-{{ label | truncate(8) }}-{{ role | truncate(8) }}-{{ random(20) }}"')
            [CompletionResult]::new('--password-length', '--password-length', [CompletionResultType]::ParameterName, 'Letters and digits of a password, 24 to 128 [default: 32]')
            [CompletionResult]::new('--connection-limit', '--connection-limit', [CompletionResultType]::ParameterName, 'Sessions that a login may have at the same time, -1 for no limit [default: 20, or as --creation-statements say]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow logins to act on other sessions or on the server''s files, as with pg_signal_backend or REPLICATION')
            [CompletionResult]::new('--no-verify', '--no-verify', [CompletionResultType]::ParameterName, 'Do not connect')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;role;list' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;role;show' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;role;check' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;role;remove' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;role;help' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a role to the state file')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the roles of the state file')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one role, with the statements that it stands for')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Make a login of a role and give it up at once, to see what it would be')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a role from the state file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgcreds;role;help;add' {
            break
        }
        'pgcreds;role;help;list' {
            break
        }
        'pgcreds;role;help;show' {
            break
        }
        'pgcreds;role;help;check' {
            break
        }
        'pgcreds;role;help;remove' {
            break
        }
        'pgcreds;role;help;help' {
            break
        }
        'pgcreds;issue' {
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Lifetime, like 90s, 15m, 1h30m, 7d [default: the role''s default_ttl]')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Who or what it is for; a part of the login''s name [default: your user name]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the credentials [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Write the credentials to this file instead of stdout, at once; a link in its place is replaced')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'Permission bits of the file, in octal [default: 0600]')
            [CompletionResult]::new('--owner', '--owner', [CompletionResultType]::ParameterName, 'Give the file to this user, by name or number')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Give the file to this group, by name or number')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Log in with the credentials where applications will, and revoke the login again when that fails')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;lease' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List leases, as the servers know them')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one lease, also one that is gone')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Give a lease more time')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'End leases now: sessions, login and grants')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgcreds;lease;list' {
            [CompletionResult]::new('--connection', '--connection', [CompletionResultType]::ParameterName, 'Ask only this connection (can be repeated)')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Only leases of this role')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only leases in this state')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'Only leases that were issued --for this label')
            [CompletionResult]::new('--expires-within', '--expires-within', [CompletionResultType]::ParameterName, 'Only leases that end within this time')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;lease;show' {
            [CompletionResult]::new('--connection', '--connection', [CompletionResultType]::ParameterName, 'Ask only this connection (can be repeated)')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;lease;renew' {
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Lifetime from now on, like 90s, 15m, 1h30m, 7d [default: the role''s default_ttl]')
            [CompletionResult]::new('--increment', '--increment', [CompletionResultType]::ParameterName, 'Lifetime from now on, like 90s, 15m, 1h30m, 7d [default: the role''s default_ttl]')
            [CompletionResult]::new('--connection', '--connection', [CompletionResultType]::ParameterName, 'Ask only this connection (can be repeated)')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;lease;revoke' {
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'All leases of this role')
            [CompletionResult]::new('--connection', '--connection', [CompletionResultType]::ParameterName, 'All leases that were issued through this connection; with IDs: ask only this connection (can be repeated)')
            [CompletionResult]::new('--session-timeout', '--session-timeout', [CompletionResultType]::ParameterName, 'How long to wait for a login''s sessions to end')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All leases that were issued through the connections of the state file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;lease;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List leases, as the servers know them')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one lease, also one that is gone')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Give a lease more time')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'End leases now: sessions, login and grants')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgcreds;lease;help;list' {
            break
        }
        'pgcreds;lease;help;show' {
            break
        }
        'pgcreds;lease;help;renew' {
            break
        }
        'pgcreds;lease;help;revoke' {
            break
        }
        'pgcreds;lease;help;help' {
            break
        }
        'pgcreds;sweep' {
            [CompletionResult]::new('--connection', '--connection', [CompletionResultType]::ParameterName, 'Sweep only this connection (can be repeated)')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Only leases of this role')
            [CompletionResult]::new('--max', '--max', [CompletionResultType]::ParameterName, 'Refuse to revoke more than this many leases at once')
            [CompletionResult]::new('--session-timeout', '--session-timeout', [CompletionResultType]::ParameterName, 'How long to wait for a login''s sessions to end')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'List what would go, and change nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;audit' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only what happened in this time, or since this time in UTC (2026-11-24, 2026-11-24T03:12:00Z)')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'Only this kind of event')
            [CompletionResult]::new('--lease', '--lease', [CompletionResultType]::ParameterName, 'Only this lease')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Only leases of this role')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'Only leases that were issued --for this label')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;exec' {
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Lifetime, and how long each renewal is for [default: the role''s default_ttl]')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Who or what it is for; a part of the login''s name [default: your user name]')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'One more variable, from a template over the fields of issue --format json, and jdbc (can be repeated)')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--pristine', '--pristine', [CompletionResultType]::ParameterName, 'Start with an empty environment but for PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LC_ALL, TZ and TMPDIR')
            [CompletionResult]::new('--pgpass', '--pgpass', [CompletionResultType]::ParameterName, 'Give the password in a file that PGPASSFILE names (mode 0600, removed afterwards), and not in the environment')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Leave the lease to its end when the command has ended')
            [CompletionResult]::new('--nested', '--nested', [CompletionResultType]::ParameterName, 'Run inside another pgcreds exec')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;agent' {
            [CompletionResult]::new('--health-file', '--health-file', [CompletionResultType]::ParameterName, 'Write how the files are to this file, every few seconds, for probes')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How a line of the log is written')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'Write each file once and exit, for init containers; the leases are not renewed')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Leave the files and the leases when it is stopped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;doctor' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;completions' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed [env: PGCREDS_FORMAT] [default: table]')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see a summary with ''-h'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors and warnings only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report each step')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report each step')
            break
        }
        'pgcreds;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Create an empty state file')
            [CompletionResult]::new('connection', 'connection', [CompletionResultType]::ParameterValue, 'Manage connections: how to reach a server as its admin')
            [CompletionResult]::new('role', 'role', [CompletionResultType]::ParameterValue, 'Manage roles: the recipes for logins')
            [CompletionResult]::new('issue', 'issue', [CompletionResultType]::ParameterValue, 'Make a login that expires, and print its credentials')
            [CompletionResult]::new('lease', 'lease', [CompletionResultType]::ParameterValue, 'Manage leases: the logins that pgcreds made')
            [CompletionResult]::new('sweep', 'sweep', [CompletionResultType]::ParameterValue, 'Revoke every lease that has ended')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'List what was done, from the audit log')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run a command with a fresh login in its environment')
            [CompletionResult]::new('agent', 'agent', [CompletionResultType]::ParameterValue, 'Keep files filled with valid credentials')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look for what does not work, or will hurt, and say how to mend it')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pgcreds;help;init' {
            break
        }
        'pgcreds;help;connection' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a connection to the state file')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the connections of the state file')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one connection, without its password')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Connect, and check that the admin can make logins')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Give the admin a new random password, and store it where the old one was')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a connection from the state file')
            break
        }
        'pgcreds;help;connection;add' {
            break
        }
        'pgcreds;help;connection;list' {
            break
        }
        'pgcreds;help;connection;show' {
            break
        }
        'pgcreds;help;connection;check' {
            break
        }
        'pgcreds;help;connection;rotate' {
            break
        }
        'pgcreds;help;connection;remove' {
            break
        }
        'pgcreds;help;role' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a role to the state file')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the roles of the state file')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one role, with the statements that it stands for')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Make a login of a role and give it up at once, to see what it would be')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a role from the state file')
            break
        }
        'pgcreds;help;role;add' {
            break
        }
        'pgcreds;help;role;list' {
            break
        }
        'pgcreds;help;role;show' {
            break
        }
        'pgcreds;help;role;check' {
            break
        }
        'pgcreds;help;role;remove' {
            break
        }
        'pgcreds;help;issue' {
            break
        }
        'pgcreds;help;lease' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List leases, as the servers know them')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one lease, also one that is gone')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Give a lease more time')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'End leases now: sessions, login and grants')
            break
        }
        'pgcreds;help;lease;list' {
            break
        }
        'pgcreds;help;lease;show' {
            break
        }
        'pgcreds;help;lease;renew' {
            break
        }
        'pgcreds;help;lease;revoke' {
            break
        }
        'pgcreds;help;sweep' {
            break
        }
        'pgcreds;help;audit' {
            break
        }
        'pgcreds;help;exec' {
            break
        }
        'pgcreds;help;agent' {
            break
        }
        'pgcreds;help;doctor' {
            break
        }
        'pgcreds;help;completions' {
            break
        }
        'pgcreds;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
