#!/usr/bin/perl
# A viewer in a real browser: the status page plays 20 s of a live stream,
# switches up and down, drops next to nothing and shows no error.
# takes 40 s
# alone: a browser that has to share drops frames

use strict;
use warnings;
use lib 't/lib';
use Test::More;
use JSON::PP;
use Test::Livepeer;

my $build = $Test::Livepeer::BUILD;
plan skip_all => 'chromium is not installed' if !-x '/usr/bin/chromium';
plan skip_all => 'node modules are not installed' if !-d "$build/node/node_modules";

my $t = Test::Livepeer->new->plan(10);
$t->orchestrator;
$t->gateway('livepeer_profiles 240p 144p;');
$t->publisher('cam', size => '640x360', seconds => 120);
$t->await('three variants', 60, sub { @{$t->variants('cam')} >= 3 });

my $shot = $t->dir . '/page.png';
my $text = `node t/tools/browser.js @{[ $t->http_url('/livepeer/') ]} 20 $shot 2>&1`;
my ($line) = $text =~ /^(\{.*\})$/m;
my $r = eval { decode_json($line // '') } || { failed => $text };

is($r->{failed}, undef, 'the page plays') or diag($r->{text} // '');
cmp_ok($r->{played} // 0, '>=', 20, '20 s are played');
is(scalar @{$r->{levels} || []}, 3, 'with three levels');
is_deeply($r->{switched}, [2, 0, 2], 'up, down and up again');
is_deeply($r->{fatal}, [], 'no fatal error of the player');
is_deeply($r->{errors}, [], 'no error of the page');
cmp_ok($r->{dropped} // 99, '<=', ($r->{frames} // 0) * 0.01 + 1,
       sprintf 'dropped %d of %d frames', $r->{dropped} // -1, $r->{frames} // 0);
like($r->{text} // '', qr/cam/, 'the stream is named');
unlike($r->{text} // '', qr/undefined|NaN|\[object/, 'no hole in the text');
unlike($r->{text} // 'Money', qr/Money|ETH/, 'off chain there is nothing about money');
