#!/usr/bin/perl
# The house rules that a machine can check: who includes whom, one door for
# each library, every header alone, and no word of a machine in the sources.

use strict;
use warnings;
use Test::More;

my $build = $ENV{BUILD} || 'build';
my @sources = split /\n/, `git ls-files '*.c' '*.h'`;
plan skip_all => 'not a checkout' if !@sources;

my %layer = (util => 0, crypto => 1, eth => 2, pm => 3, media => 3, net => 4,
             signer => 5, ctl => 6);

# library header => the files that may include it
my %door = (
    'secp256k1'          => qr{^common/crypto/keys\.c$},
    'lp_rpc.pb-c.h'      => qr{^common/net/wire\w*\.[ch]$},
    'protobuf-c'         => qr{^common/net/wire\w*\.[ch]$},
    'event2/'            => qr{^orchestrator/loop\.c$},
    'nghttp2/'           => qr{^orchestrator/http2\.c$},
    'llhttp'             => qr{^orchestrator/http1\.c$},
    'openssl/'           => qr{^(orchestrator/(tls|token|identity)|common/crypto/keystore
                                |ngx_livepeer_module/ngx_livepeer_curl_tls)\.c$}x,
    'curl/'              => qr{^(ngx_livepeer_module/ngx_livepeer_curl(_tls\.[ch]|\.c)
                                |orchestrator/client\.c|common/ctl/http\.c)$}x,
    'sqlite3.h'          => qr{^orchestrator/store(_read)?\.c$},
    'libav(codec|util|filter|format)/|libsw'
                         => qr{^orchestrator/transcoder/(engine|decode|scale|encode|inspect|gpu|frames|tc_av)\w*\.[ch]$},
    'ffnvcodec/|cuda'    => qr{^orchestrator/transcoder/gpu\w*\.c$},
    'seccomp.h'          => qr{^(orchestrator/transcoder|common/signer)/sandbox\.c$},
    'cJSON'              => qr{^(common/eth/rpc|common/crypto/keystore|common/ctl/json
                                |orchestrator/(status|conf)
                                |ngx_livepeer_module/ngx_livepeer_(status|json))\.c$}x,
);

my (@up, @out, @doors, @bare);

for my $file (@sources) {
    next if $file =~ m{^t/};
    open my $fh, '<', $file or die "$file: $!";
    my ($mine) = $file =~ m{^common/(\w+)/};

    while (<$fh>) {
        my ($inc) = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/ or next;

        for my $lib (keys %door) {
            push @doors, "$file:$. $inc" if $inc =~ /^$lib/ && $file !~ $door{$lib};
        }

        if ($mine && $inc =~ m{^common/(\w+)/}) {
            push @up, "$file:$. $inc" if $layer{$1} > $layer{$mine};
        }
        push @out, "$file:$. $inc"
            if $mine && $inc =~ m{^(ngx_|orchestrator/)};
        push @out, "$file:$. $inc"
            if $file =~ /^ngx_/ && $inc =~ m{^orchestrator/};
        push @out, "$file:$. $inc"
            if $file =~ m{^orchestrator/} && $inc =~ m{^ngx_};
        push @out, "$file:$. $inc"
            if $file =~ m{^orchestrator/[^/]+$} && $inc =~ m{^orchestrator/transcoder/};
        push @bare, "$file:$. $inc"
            if $inc !~ m{/} && -e ($file =~ s{[^/]+$}{}r . $inc);
    }
}

is_deeply(\@up, [], 'common includes only what lies below');
is_deeply(\@out, [], 'the programs never include each other');
is_deeply(\@doors, [], 'each library has one door');
is_deeply(\@bare, [], 'includes are written from the root');

my $nginx = "$build/module/include.flags";       # left by the module's build
my $ngx = '';
if (open my $fh, '<', $nginx) { local $/; $ngx = <$fh>; $ngx =~ s/\n/ /g }

my @alone;
for my $h (grep { /\.h$/ && !m{^t/} } @sources) {
    next if $h =~ /^ngx_/ && !$ngx;
    my $flags = $h =~ /^ngx_/ ? $ngx : '';
    push @alone, $h if system("echo '#include \"$h\"' | gcc -std=gnu11 -Wall"
        . " -Wextra -Werror -Wno-unused -fsyntax-only -I. -I$build/gen"
        . " -I/usr/share/include/llhttp $flags -xc - 2>/dev/null");
}
is_deeply(\@alone, [], 'every header compiles alone');

my @long = grep { (split ' ', `wc -l < $_`)[0] > 800 } grep { !m{^t/} } @sources;
is_deeply(\@long, [], 'no file has outgrown one subject');

my $words = `git grep -nIE '\b(TODO|FIXME|XXX)\b' -- '*.c' '*.h' '*.sol' '*.pm' '*.t' ':!t/00-layers.t'`;
is($words, '', 'an open question is an issue, not a note in the code');

done_testing();
