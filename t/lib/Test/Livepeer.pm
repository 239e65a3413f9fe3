package Test::Livepeer;

# One stand for a test or the demo: orchestrators, an nginx with the module,
# publishers. Everything gets a free port and a folder of its own, is stopped
# by pid, and a leftover or an alert in a log fails the test.

use strict;
use warnings;
use Cwd qw/ abs_path /;
use Errno qw/ EAGAIN EINTR /;
use File::Path qw/ make_path remove_tree /;
use File::Temp qw/ tempdir /;
use IO::Socket::INET;
use JSON::PP;
use POSIX qw/ :sys_wait_h /;
use Time::HiRes qw/ time sleep /;

our $BUILD = $ENV{BUILD} || 'build';
my $root = abs_path('.');
my @live;                                    # stands to stop at the end

sub build { my ($f) = @_; abs_path($BUILD) . "/$f" }

sub new {
    my ($class, %o) = @_;

    my $dir = $o{dir} ? do { make_path($o{dir}); abs_path($o{dir}) }
                      : tempdir('livepeer-test-XXXXXXXX', TMPDIR => 1, CLEANUP => 0);
    my $self = bless {
        dir => $dir, keep => $o{dir} || $ENV{TEST_KEEP}, own_dir => !!$o{dir}, procs => [],
        orchs => [], pid => $$, allow => $o{allow} || [],
    }, $class;
    push @live, $self;
    return $self;
}

# a plan with room for the check that every stand ends with
sub plan {
    my ($self, $n) = @_;

    require Test::More;
    Test::More::plan(tests => $n + 1);
    $self->{planned} = 1;
    return $self;
}

sub dir { $_[0]{dir} }

sub port {
    my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
        or die "no free port: $!";
    return $s->sockport;
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<:raw', $file or return '';
    local $/;
    return scalar <$fh> // '';
}

sub spew {
    my ($file, $text) = @_;
    open my $fh, '>:raw', $file or die "$file: $!";
    print $fh $text;
    close $fh or die "$file: $!";
    return $file;
}

# true within $s seconds, or death with the words and the ends of all logs
sub await {
    my ($self, $what, $s, $cond) = @_;

    my $until = time + $s;
    while (1) {
        my $r = $cond->();
        return $r if $r;
        last if time > $until;
        select(undef, undef, undef, 0.02);
    }
    die "waited $s s in vain for $what\n" . $self->logs;
}

sub logs {
    my ($self) = @_;
    my $text = '';
    for my $f (glob "$self->{dir}/*.log") {
        my @lines = split /\n/, slurp($f);
        @lines = @lines[-15 .. -1] if @lines > 15;
        $text .= "--- $f\n" . join("\n", @lines) . "\n" if @lines;
    }
    return $text;
}

# a program in the background; output to NAME.out and NAME.log
sub spawn {
    my ($self, $name, @cmd) = @_;

    my %o = ref $cmd[0] eq 'HASH' ? %{shift @cmd} : ();
    my ($out, $err) = ("$self->{dir}/$name.out", "$self->{dir}/$name.log");
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        setpgrp(0, 0) if $o{group};
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $out or POSIX::_exit(126);
        open STDERR, '>>', $err or POSIX::_exit(126);
        $ENV{$_} = $o{env}{$_} for keys %{$o{env} || {}};
        exec { $cmd[0] } @cmd or do { print STDERR "$cmd[0]: $!\n"; POSIX::_exit(127) };
    }
    my $p = { pid => $pid, name => $name, out => $out, log => $err, cmd => "@cmd" };
    push @{$self->{procs}}, $p;
    return $p;
}

sub alive { my ($self, $p) = @_; !defined $p->{status} && !$self->reap($p) }

sub reap {
    my ($self, $p, $flags) = @_;
    return 1 if defined $p->{status};
    my $got = waitpid($p->{pid}, $flags // WNOHANG);
    $p->{status} = $? if $got == $p->{pid};
    $p->{status} = -1 if $got < 0;
    return defined $p->{status};
}

# ask, wait, insist
sub stop {
    my ($self, $p, $sig) = @_;

    return $p->{status} if $self->reap($p);
    kill $sig || 'TERM', $p->{pid};
    my $until = time + 35;
    while (!$self->reap($p)) {
        if (time > $until) {
            push @{$self->{bad}}, "$p->{name} had to be killed";
            kill 'KILL', $p->{pid};
            $self->reap($p, 0);
            last;
        }
        select(undef, undef, undef, 0.02);
    }
    return $p->{status};
}


# --- the chain and its signers

# The real chain: Anvil with all contracts, funded accounts, turning rounds.
# Two orchestrators are registered under ports that orchestrator() takes.
# %o: block_time S. What it is lies in $t->{chain}: rpc, controller, accounts.
sub chain {
    my ($self, %o) = @_;

    system("flock $BUILD/.contracts-lock make -s BUILD=$BUILD contracts >&2") == 0
        or die "the contracts do not compile\n";
    my $out = "$self->{dir}/devchain.json";
    my @ports = map { port() } 1 .. 2;
    my $tool = "BUILD=$BUILD common/contracts/tool node common/contracts/devchain.js";
    my $text = join ' ', "$tool start --out $out --port", $o{port} || port(),
        '--block-time', $o{block_time} // 1, map { "--service-uri https://127.0.0.1:$_" } @ports;
    $text = `$text 2>&1`;
    die "the dev chain does not start: $text" if $?;
    $self->{chain} = { %{decode_json(slurp($out))}, file => $out, ports => \@ports };
    $self->{chain_stop} = "$tool stop --out $out >/dev/null 2>&1";
    return $self->{chain};
}

# one JSON-RPC call of the chain's node; dies with the node's words
sub rpc {
    my ($self, $method, @params) = @_;
    require HTTP::Tiny;
    my $r = HTTP::Tiny->new(timeout => 20)->post($self->{chain}{rpc},
        { headers => { 'content-type' => 'application/json' }, content => encode_json(
            { jsonrpc => '2.0', id => 1, method => $method, params => \@params }) });
    my $json = eval { decode_json($r->{content}) } or die "$method: $r->{status} $r->{content}\n";
    die "$method: $json->{error}{message}\n" if $json->{error};
    return $json->{result};
}

# the chain's cast, with words; its first line of output
sub cast {
    my ($self, @words) = @_;
    my $text = `BUILD=$BUILD common/contracts/tool cast @words --rpc-url $self->{chain}{rpc} 2>&1`;
    die "cast @words: $text" if $?;
    return $text =~ /^(\S+)/ ? $1 : '';
}

# livepeerctl as an account of the chain: (exit status, decoded answer or text)
sub ctl {
    my ($self, $role, @words) = @_;
    my $text = join '', map { "'$_' " } @words;
    $text = build('common/ctl/livepeerctl')
        . " $text --json --dev $self->{chain}{file} --role $role 2>>$self->{dir}/ctl.log";
    my $answer = `$text`;
    return ($? >> 8, eval { decode_json($answer) } // $answer);
}

# a signer's process for an account of the chain; {socket}
# %o: role broadcaster|orchestrator, account, args [..], limits by their names
sub signer {
    my ($self, %o) = @_;

    my $account = $o{account} || ($o{role} eq 'broadcaster' ? 'broadcaster' : 'orchestrator1');
    my $name = $o{name} || "signer-$account";
    my $home = "$self->{dir}/$name";
    make_path($home);
    chmod 0755, $self->{dir}, $home;
    my $socket = "$home/socket";
    my @money = $o{role} ne 'broadcaster' ? ('--contracts', $self->contracts_file,
        '--max-gas-fee', $o{max_gas_fee} || '1ETH', '--gas-budget', $o{gas_budget} || '10ETH')
        : ('--day-budget', $o{day_budget} || '5ETH',
        '--stream-budget', $o{stream_budget} || '2ETH',
        '--recipient-budget', $o{recipient_budget} || '2ETH',
        '--max-face-value', $o{max_face_value} || '1ETH',
        '--max-ticket-ev', $o{max_ticket_ev} || '0.1ETH');
    my $p = $self->spawn($name, { env => $o{env} }, build('common/signer/signer'),
        '--socket', $socket, '--role', $o{role}, '--chain-id', $self->{chain}{chain_id},
        '--key-file', $self->{chain}{accounts}{$account}{key_file},
        '--journal', "$home/journal",
        '--allow-uid', join(',', $>, map { getpwnam($_) // () } qw/ www-data nobody /), @money, @{$o{args} || []});
    $self->await("$name to be ready", 10, sub {
        die "$name ended at start\n" . $self->logs if !$self->alive($p);
        slurp($p->{out}) =~ /^signer ready/m;
    });
    @$p{qw/ socket account address /} =
        ($socket, $account, $self->{chain}{accounts}{$account}{address});
    return $p;
}

# the addresses that signers allow
sub contracts_file {
    my ($self) = @_;
    my $file = "$self->{dir}/contracts";
    if (!-e $file) {
        my ($status, $text) = $self->ctl('spare', 'contracts', '--out', $file);
        die "livepeerctl contracts: $status\n" . $self->logs if $status;
    }
    return $file;
}


# --- orchestrators

# %o: args [..], transcoder 'real' (default) or a null transcoder's mode line,
# cpu N: the null transcoder's processor; on chain: account 'orchestrator1',
# signer (a handle of signer(); none: embedded), price 'WEI'
sub orchestrator {
    my ($self, %o) = @_;

    my $n = @{$self->{orchs}} + 1;
    my $name = $o{name} || "orchestrator$n";
    my $port = $o{port} || 0;
    my $data = "$self->{dir}/$name";
    make_path($data);
    chmod 0700, $data;

    my @network = ('--network', 'offchain');
    if (my $chain = $self->{chain}) {
        my $account = $o{account} || "orchestrator$n";
        $port ||= $account =~ /^orchestrator(\d)$/ ? $chain->{ports}[$1 - 1] : 0;
        @network = ('--eth-rpc', $o{rpc} || $chain->{rpc}, '--eth-controller', $chain->{controller},
            '--chain-id', $chain->{chain_id}, '--block-poll', '500ms',
            '--price-per-pixel', $o{price} || 1200,
            $o{signer} ? ('--signer', "unix:$o{signer}{socket}") : ('--signer', 'embedded',
                '--eth-key', $chain->{accounts}{$account}{key_file},
                '--contracts-file', $self->contracts_file));
    }

    my $transcoder = build('orchestrator/transcoder/transcoder');
    my @extra;
    if ($o{transcoder} && $o{transcoder} ne 'real') {
        my $script = spew("$data/transcoder",
            "#!/bin/sh\nexec " . (defined $o{cpu} ? "taskset -c $o{cpu} " : '')
            . build('t/tools/nulltranscoder')
            . " $o{transcoder} \"\$\@\"\n");
        chmod 0755, $script;
        $transcoder = $script;
    }

    my $p = $self->spawn($name, { env => $o{env} },
        $o{program} || build('orchestrator/orchestrator'), @network,
        '--http-addr', "127.0.0.1:$port", '--data-dir', $data,
        '--transcoder', $transcoder, '--status-addr', '127.0.0.1:0',
        @{$o{args} || []});
    $p->{url} = $self->await("$name to be ready", $o{timeout} || 20, sub {
        die "$name ended at start\n" . $self->logs if !$self->alive($p);
        slurp($p->{out}) =~ m{ready on (https?://\S+?)[\s,]} ? $1 : 0;
    });
    ($p->{port}) = $p->{url} =~ /:(\d+)$/;
    $p->{data} = $data;
    ($p->{status_url}) = slurp($p->{out}) =~ m{status on (http://\S+)};
    push @{$self->{orchs}}, $p;
    return $p;
}


# --- nginx

# $app: directives of the application (livepeer_orchestrator lines for all
# orchestrators of the stand and livepeer_hls_path are added when missing)
sub gateway {
    my ($self, $app, %o) = @_;

    my $dir = "$self->{dir}/nginx";
    make_path("$dir/hls", "$dir/logs", "$dir/tmp");
    chmod 0777, $self->{dir}, $dir, "$dir/hls";      # workers are not root
    $self->{rtmp} //= $o{rtmp} || port();
    $self->{http} //= $o{http} || port();
    $self->{hls} = "$dir/hls";

    $app .= "\nlivepeer_orchestrator $_->{url};"
        for $app =~ /livepeer_orchestrator/ || $o{no_orchestrators}
            ? () : @{$self->{orchs}};
    if ($self->{chain} && $app !~ /livepeer_signer/) {
        my $signer = $o{signer} || die "gateway: on chain it needs a signer\n";
        $app .= "\nlivepeer_signer unix:$signer->{socket};"
            . "\nlivepeer_eth_rpc @{[ $o{rpc} || $self->{chain}{rpc} ]};"
            . "\nlivepeer_controller $self->{chain}{controller};";
        $app .= "\nlivepeer_max_price 1200000000;" if $app !~ /livepeer_max_price/;
        $app .= "\nlivepeer_budget 5ETH/day stream=2ETH/hour;" if $app !~ /livepeer_budget/;
        $app .= "\nlivepeer_allow_private on;" if $app !~ /livepeer_allow_private/;
    }
    $app .= "\nlivepeer_hls_path $dir/hls;" if $app !~ /livepeer_hls_path/;
    $app = "live on;\nlivepeer on;\n$app" if $app !~ /livepeer on/;

    # in a folder of its owner's (a home, say) nobody else may look
    my $user = $self->{own_dir} && $> == 0 ? 'user root;' : '';
    my $workers = $o{workers} || 1;
    my $module = $o{module} // build('module/ngx_livepeer_module.so');
    my $load = $module ? "load_module $module;" : '';
    my $http = $module ? "
            location /hls/ { livepeer_hls; }
            location /livepeer/ { livepeer_status; }" : '';
    $self->{conf} = spew("$dir/nginx.conf", <<"CONF");
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
$load
$user
worker_processes $workers;
daemon off;
pid $dir/nginx.pid;
error_log $self->{dir}/nginx-error.log @{[ $o{log} || 'info' ]};
@{[ $o{main} || '' ]}
events { worker_connections 1024; }
rtmp {
    @{[ $o{rtmp_main} || '' ]}
    server {
        listen 127.0.0.1:$self->{rtmp};
        max_message 4m;
        application live {
            $app
        }
        @{[ $o{rtmp_server} || '' ]}
    }
}
http {
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path $dir/tmp; proxy_temp_path $dir/tmp;
    fastcgi_temp_path $dir/tmp; uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp;
    server {
        listen 127.0.0.1:$self->{http} reuseport;
        $http
        @{[ $o{http_server} || '' ]}
    }
}
CONF
    return $self if $o{config_only};

    my %env = %{$o{env} || {}};
    if ($BUILD =~ /san/) {
        my ($asan, $ubsan) = map { chomp(my $f = `gcc -print-file-name=$_`); $f }
                             qw/ libasan.so libubsan.so /;
        %env = (LD_PRELOAD => "$asan $ubsan", %env,
            ASAN_OPTIONS => "detect_leaks=0:log_path=$self->{dir}/asan");
    }
    my $p = $self->{nginx} = $self->spawn('nginx', { env => \%env },
        '/usr/sbin/nginx', '-p', $dir, '-c', $self->{conf},
        '-e', "$self->{dir}/nginx-error.log");
    $self->await('nginx to listen', 20, sub {
        die "nginx ended at start\n" . $self->logs if !$self->alive($p);
        IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{rtmp}", Timeout => 1)
            && IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{http}", Timeout => 1);
    });
    return $self;
}

# nginx -t with what gateway() would write; (exit status, text)
sub configtest {
    my ($self, $app, %o) = @_;
    $self->gateway($app, %o, config_only => 1);
    my $text = `/usr/sbin/nginx -p $self->{dir}/nginx -c $self->{conf} -t 2>&1`;
    return ($? >> 8, $text);
}

sub reload { my ($self) = @_; kill 'HUP', $self->{nginx}{pid}; return $self }

sub rtmp_url { my ($self, $key) = @_; "rtmp://127.0.0.1:$self->{rtmp}/live/$key" }
sub http_url { my ($self, $path) = @_; "http://127.0.0.1:$self->{http}$path" }


# --- publishers

# %o: seconds, size, rate, gop (frames), bframes, audio (0: none), input FILE,
# extra [..], vcodec [..], copy
sub publisher_cmd {
    my ($self, $key, %o) = @_;

    my @in;
    if ($o{input}) {
        @in = ('-re', $o{loop} ? ('-stream_loop', '-1') : (), '-i', $o{input},
               $o{seconds} ? ('-t', $o{seconds}) : (), '-c', 'copy');
    } else {
        my ($size, $rate) = ($o{size} || '640x360', $o{rate} || 30);
        my $t = $o{seconds} || 3600;
        @in = ('-re', '-f', 'lavfi', '-i', "testsrc2=size=$size:rate=$rate",
               ($o{audio} // 1) ? ('-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate='
                   . ($o{sample_rate} || 48000)) : (),
               '-t', $t, @{$o{vcodec} || ['-c:v', 'libx264', '-preset', 'ultrafast',
               '-pix_fmt', 'yuv420p', '-g', $o{gop} || $rate * 2, '-keyint_min', $o{gop} || $rate * 2,
               '-sc_threshold', 0, '-bf', $o{bframes} || 0, '-b:v', $o{bitrate} || '1500k']},
               ($o{audio} // 1) ? ('-c:a', 'aac', '-b:a', '96k', '-ac', $o{channels} || 2) : ());
    }
    return ('ffmpeg', '-nostdin', '-hide_banner', '-v', 'error', @in, @{$o{extra} || []},
            '-f', 'flv', $o{url} || $self->rtmp_url($key));
}

sub publisher {
    my ($self, $key, %o) = @_;
    my $name = 'publisher-' . ($o{name} || $key =~ s/\W.*//r);
    return $self->spawn($name, $self->publisher_cmd($key, %o));
}

# publish to the end; the exit status
sub publish {
    my ($self, $key, %o) = @_;
    my $p = $self->publisher($key, %o);
    $self->await("the publisher of $key to end", ($o{seconds} || 60) + 30,
                 sub { $self->reap($p) });
    return $p->{status};
}


# --- what viewers and operators see

sub get {
    my ($self, $path, %o) = @_;

    my $host = $o{url} || "127.0.0.1:$self->{http}";
    $host =~ s{^http://}{};
    my $s = IO::Socket::INET->new(PeerAddr => $host, Timeout => 5)
        or return wantarray ? (0, {}, '') : undef;
    print $s "GET $path HTTP/1.0\r\nHost: $host\r\n@{[ $o{headers} || '' ]}\r\n";
    local $/;
    my $answer = <$s> // '';
    my ($head, $body) = split /\r\n\r\n/, $answer, 2;
    my ($status) = ($head // '') =~ m{^HTTP/\S+ (\d+)};
    my %h = map { /^([^:]+):\s*(.*)/ ? (lc $1, $2) : () } split /\r\n/, $head // '';
    return wantarray ? ($status || 0, \%h, $body // '')
                     : ($status || 0) == 200 ? $body : undef;
}

sub api { my ($self) = @_; my $t = $self->get('/livepeer/api'); $t ? decode_json($t) : undef }

# the stream's entry in the JSON, or undef
sub stream {
    my ($self, $name) = @_;
    my $api = $self->api or return;
    my ($s) = grep { $_->{name} eq $name } @{$api->{streams} || []};
    return $s;
}

# value of a metric (sum over its series, or the one whose labels match)
sub metric {
    my ($self, $name, $match, $text) = @_;
    $text //= $self->get('/livepeer/metrics') // '';
    my ($sum, $n) = (0, 0);
    for (split /\n/, $text) {
        my ($labels, $value) = /^(?:livepeer_)?\Q$name\E(\{[^}]*\})?\s+(\S+)/ or next;
        next if $match && ($labels // '') !~ /$match/;
        $sum += $value; $n++;
    }
    return $n ? $sum : undef;
}

# a media playlist as {target, seq, ended, segments => [{seq, uri, duration, gap, disc, date}]}
sub playlist {
    my ($self, $which) = @_;

    my $text = $self->get("/hls/$which.m3u8") // return;
    my %p = (text => $text, segments => [], ended => $text =~ /^#EXT-X-ENDLIST/m ? 1 : 0);
    ($p{target}) = $text =~ /^#EXT-X-TARGETDURATION:(\d+)/m;
    ($p{seq}) = $text =~ /^#EXT-X-MEDIA-SEQUENCE:(\d+)/m;
    ($p{disc_seq}) = $text =~ /^#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)/m;
    my ($n, %s) = ($p{seq} // 0);
    for (split /\r?\n/, $text) {
        $s{duration} = $1 if /^#EXTINF:([\d.]+)/;
        $s{gap} = 1 if /^#EXT-X-GAP/;
        $s{disc} = 1 if /^#EXT-X-DISCONTINUITY$/;
        $s{date} = $1 if /^#EXT-X-PROGRAM-DATE-TIME:(.*)/;
        if (/^[^#]/) {
            push @{$p{segments}}, { %s, uri => $_, seq => $n++ };
            %s = ();
        }
    }
    return \%p;
}

# names of the variants in the master playlist, in order
sub variants {
    my ($self, $stream) = @_;
    my $text = $self->get("/hls/$stream.m3u8") // return [];
    return [ map { m{([^/]+)\.m3u8$} ? $1 : () } grep { /^[^#]/ } split /\r?\n/, $text ];
}

sub duration {
    my ($self, $which) = @_;
    my $p = $self->playlist($which) or return 0;
    my $sum = 0;
    $sum += $_->{duration} for grep { !$_->{gap} } @{$p->{segments}};
    return $sum;
}

# the files of a variant that are on disk, in order of seq
sub files {
    my ($self, $stream, $variant) = @_;
    return map { $_->[1] } sort { $a->[0] <=> $b->[0] }
           map { m{/(\d+)\.ts$} ? [$1, $_] : () } glob "$self->{hls}/$stream/$variant/*.ts";
}


# --- the end

# what should not be in a log, or still run
sub faults {
    my ($self) = @_;

    my @bad = @{$self->{bad} || []};
    for my $f (glob "$self->{dir}/*.log") {
        open my $fh, '<', $f or next;
        while (my $line = <$fh>) {
            next unless $line =~ /\[(alert|emerg|crit)\]|runtime error:|AddressSanitizer|exited on signal/;
            next if grep { $line =~ $_ } @{$self->{allow}};
            chomp $line;
            push @bad, $line;
            last if @bad > 20;
        }
    }
    push @bad, map { "sanitizer report $_: " . substr(slurp($_), 0, 600) }
               glob "$self->{dir}/asan*";
    return @bad;
}

sub finish {
    my ($self) = @_;

    return if $self->{finished}++ || $self->{pid} != $$;
    my ($nginx) = grep { $_->{name} eq 'nginx' } @{$self->{procs}};
    # who pays ends before who is paid, and the signers last

    my $order = sub { $_[0] =~ /^publisher/ ? 0 : $_[0] =~ /^signer/ ? 2 : 1 };
    for my $p (sort { $order->($a->{name}) <=> $order->($b->{name}) } @{$self->{procs}}) {
        $self->stop($p, $p->{name} eq 'nginx' ? 'TERM'
                        : $p->{name} =~ /^publisher/ ? 'INT' : 'TERM');
    }
    system($self->{chain_stop}) if $self->{chain_stop};
    my @faults = $self->faults;
    if ($self->{planned}) {
        Test::More::is_deeply(\@faults, [], 'no alert, nothing left running')
            or Test::More::diag($self->logs);
    }
    remove_tree($self->{dir}) if !$self->{keep} && !@faults;
    return @faults;
}

sub END {
    local $?;                          # how our programs end is not how we do
    for my $t (@live) { $t->finish }
}

$SIG{INT} = $SIG{TERM} = sub { exit 130 };

1;
