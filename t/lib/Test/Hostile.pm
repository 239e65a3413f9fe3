package Test::Hostile;

# A stand where money is at stake: the chain, a broadcaster's signer, hostile
# orchestrators of t/tools/badpaid.py, and an nginx with one application for
# each case. What was signed to whom is what the orchestrators received.

use strict;
use warnings;
use Exporter 'import';
use File::Temp qw/ tempdir /;
use JSON::PP;
use List::Util qw/ sum0 /;
use Test::Livepeer;

our @EXPORT_OK = qw/ %LIMIT $FEE $TICKET /;

our %LIMIT = (price => 1200, ev => 3e9, total => 2e10, face => 1e18, min_deposit => '1ETH');
our $TICKET = 250_000_000;                   # wei, at least: of badpaid.py

# what a segment of the clip may cost, wire.md 4.5: no rate is named, so 60
our $FEE = 320 * 180 * 60 * 1 * 1000 * 102 / 100;

# %o: signer {..}: of Test::Livepeer's signer()
sub new {
    my ($class, %o) = @_;

    my $t = Test::Livepeer->new;
    $t->chain;
    my $self = bless { t => $t, apps => [] }, $class;
    $self->{signer} = $t->signer(role => 'broadcaster', %{$o{signer} || {}});
    return $self;
}

# a second of 320x180 after the other: its bytes are an honest rendition, and
# few, since badpaid.py makes their hashes
my $clip;
sub clip {
    return $clip if $clip;
    $clip = tempdir(CLEANUP => 1) . '/clip.mp4';
    system('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25',
           '-t', 60, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', 25,
           '-keyint_min', 25, '-sc_threshold', 0, '-b:v', '80k', '-threads', 1, $clip) == 0
        or die "no clip\n";
    return $clip;
}

# those of one program, as NAME:MODE, options before them in a list; afterwards
# {orch}{NAME} has url and address
sub orchestrators {
    my ($self, $name, @modes) = @_;

    my $t = $self->{t};
    my @args = ref $modes[0] ? @{shift @modes} : ();
    my $limits = encode_json({ map { $_ => 0 + $LIMIT{$_} } qw/ price ev total face / });
    my $p = $t->spawn($name, '/usr/bin/python3', 't/tools/badpaid.py', '--chain', $t->{chain}{file},
                      '--limits', $limits, @args, @modes);
    push @{$self->{books}}, $p->{out};
    my %ready;
    $t->await("$name to be ready", 40, sub {
        die "$name ended\n" . $t->logs if !$t->alive($p);
        %ready = map { $_->{e} eq 'ready' ? ($_->{o} => $_) : () } events_of($p->{out});
        keys %ready == @modes;
    });
    @{$self->{orch}}{keys %ready} = values %ready;
    return $p;
}

sub events_of { map { /^\{.*\}$/ ? decode_json($_) : () } split /\n/, Test::Livepeer::slurp($_[0]) }

# what happened to an orchestrator, in order; to all of them without a name
sub events {
    my ($self, $name, $event) = @_;
    return sort { $a->{t} <=> $b->{t} }
           grep { (!$name || $_->{o} eq $name) && (!$event || $_->{e} eq $event) }
           map { events_of($_) } @{$self->{books}};
}

# payments with tickets in them
sub paid { my ($self, $name) = @_; grep { $_->{tickets} } $self->events($name, 'payment') }

sub ev { my ($self, $name) = @_; sum0(map { $_->{ev} } $self->paid($name)) }

# sentences about tickets that should not have been signed, to anybody
sub wrong {
    my ($self) = @_;
    return map { my $p = $_; map { "$p->{o}: $_" } @{$p->{wrong}} } $self->paid;
}

# an application: its orchestrators in the order of its list, none: those of
# the registry; "# open" among its lines: without a key
sub app {
    my ($self, $name, $lines, @orchs) = @_;

    my $list = join "\n", map {
        my ($o, @more) = split ' ';
        "livepeer_orchestrator $self->{orch}{$o}{url} @{[ join ' ', @more ]}"
        . " address=$self->{orch}{$o}{address};";
    } @orchs;
    push @{$self->{apps}}, $name;
    $self->{conf} .= "application $name { live on; livepeer on; livepeer_hls_path $self->{t}{dir}/$name;\n"
        . "livepeer_profiles name=mid size=320x180 bitrate=300k; livepeer_segment 1s; livepeer_window 32;\n"
        . ($lines =~ /livepeer_key|# open/ ? '' : "livepeer_key open-sesame;\n") . "$lines\n$list\n}\n";
    return $self;
}

# %o: of gateway(); unknown: the chain is not awaited
sub start {
    my ($self, %o) = @_;

    my $t = $self->{t};
    my $module = Test::Livepeer::build('module/ngx_livepeer_module.so');
    my $money = sprintf 'livepeer_max_ticket_ev %dwei; livepeer_max_total_ev %dwei;'
        . ' livepeer_budget 5ETH/day stream=2ETH/hour; livepeer_min_deposit %s;',
        @LIMIT{qw/ ev total min_deposit /};
    $t->gateway("live on;\n# nothing is livepeer on here, and no livepeer_signer\n",
        no_orchestrators => 1, module => '', main => "load_module $module;",
        rtmp_main => "livepeer_signer unix:$self->{signer}{socket};\n"
                   . "livepeer_eth_rpc $t->{chain}{rpc};\nlivepeer_controller $t->{chain}{controller};\n"
                   . "livepeer_allow_private on; livepeer_max_price $LIMIT{price};\n$money",
        rtmp_server => $self->{conf},
        http_server => join('', map { "location /hls/$_/ { livepeer_hls $_; }\n" } @{$self->{apps}})
                     . 'location /livepeer/ { livepeer_status; }', %o);
    $t->await('the chain to be known', 30, sub { $self->log =~ /orchestrators can be paid|nobody is paid(?!.*being asked)/ })
        if !$o{unknown};
    return $self;
}

sub log { my ($self) = @_; Test::Livepeer::slurp($self->{t}->dir . '/nginx-error.log') }

# %o: seconds, name
sub publisher {
    my ($self, $app, %o) = @_;
    my $name = $o{name} || $app;
    my $key = $o{key} // '?key=open-sesame';
    return $self->{t}->publisher($app, input => clip(), seconds => 10, %o, name => "$app-$name",
        url => "rtmp://127.0.0.1:$self->{t}{rtmp}/$app/$name$key");
}

sub ended {
    my ($self, @pubs) = @_;
    for my $p (@pubs) {
        $self->{t}->await("$p->{name} to end", 120, sub { $self->{t}->reap($p) });
        my ($app, $name) = $p->{name} =~ /^publisher-(\w+)-(\w+)/;
        $self->{t}->await("the end of $name", 60, sub {
            ($self->playlist($app, $name, 'source') || {})->{ended}
                && ($self->playlist($app, $name, 'mid') || { ended => 1 })->{ended} });
    }
}

sub playlist { my ($self, $app, $name, $v) = @_; $self->{t}->playlist("$app/$name/$v") }

# (segments, gaps) of a variant
sub count {
    my ($self, $app, $v, $name) = @_;
    my $p = $self->playlist($app, $name || $app, $v)
        or return $v eq 'source' ? (0, 0) : ($self->count($app, 'source', $name))[0, 0];
    return (scalar @{$p->{segments}}, scalar grep { $_->{gap} } @{$p->{segments}});
}

# renditions that are not what an honest one would have sent
sub foreign {
    my ($self, $app, $name) = @_;
    $name ||= $app;
    my $dir = "$self->{t}{dir}/$app/$name";
    return grep {
        my ($seq) = m{/(\d+)\.ts$};
        Test::Livepeer::slurp($_) ne Test::Livepeer::slurp("$dir/source/$seq.ts");
    } glob "$dir/mid/*.ts";
}

# the page's row of an orchestrator in a stream
sub row {
    my ($self, $stream, $orch) = @_;
    my $s = $self->{t}->stream($stream) or return {};
    my ($row) = grep { $_->{url} eq $self->{orch}{$orch}{url} } @{$s->{orchestrators}};
    return $row || {};
}

1;
