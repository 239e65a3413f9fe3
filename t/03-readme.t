#!/usr/bin/perl
# The README against the programs: every option, directive, command, variable
# and target that it names exists, those of its tables have the defaults it
# says, and no directive or command is left out of them.

use strict;
use warnings;
use Test::More;

my $build = $ENV{BUILD} || 'build';
my %program = (
    orchestrator => "$build/orchestrator/orchestrator",
    signer       => "$build/common/signer/signer",
    transcoder   => "$build/orchestrator/transcoder/transcoder",
    livepeerctl  => "$build/common/ctl/livepeerctl",
);
for my $name (sort keys %program) {
    plan skip_all => "$name is not built" if !-x $program{$name};
}
plan tests => 14;

sub slurp { open my $fh, '<', $_[0] or die "$_[0]: $!"; local $/; scalar <$fh> }

my $readme = slurp('README.md');


# --- what the programs say

# name => default, '' when none is said
sub options {
    my $text = join "", @_;
    my %o;
    for (split /\n/, $text) {
        my ($name) = /^\s+--([\w-]+)/ or next;
        ($o{$name}) = (/\[([^\]]*)\]$/, '');
    }
    return \%o;
}

my %options = map { my $text = `$program{$_} --help`; ($_ => options($text)) } keys %program;
my $usage = `$program{livepeerctl} --help`;
my ($commands) = $usage =~ /^commands\n(.*?)\n\n/ms;
my @commands = map { /^  (\S+(?: [a-z][\w-]*)?)(?: [A-Z]+)?  / ? $1 : () } split /\n/, $commands;
my %of = map { ($_ => options(`$program{livepeerctl} $_ --help`)) } @commands;

my $module = slurp('ngx_livepeer_module/ngx_livepeer_module.c');
my %field;                                           # of each directive
$field{$1} = $2 while $module =~ /ngx_livepeer_command\("(\w+)",[^)]*?([\w.]+)\)/g;
my %directive = (%field, map { ($_ => '') } $module =~ /\{ ngx_string\("(livepeer_\w+)"\)/g);
cmp_ok(keys %directive, '>', 25, 'the directives are found');
cmp_ok(keys %{$options{orchestrator}}, '>', 60, 'and the options');
cmp_ok(@commands, '>', 25, 'and the commands');


# --- tables

# rows as [heading of the section or the table, cell, cell, ..]
my ($heading, @rows) = ('');
for (split /\n/, $readme) {
    $heading = $1 if /^#+ (.*)/ || /^\| (option of the signer)/;
    next if !/^\| (.*) \|$/ || /^\| (?:---|option|directive|command|variable)/;
    push @rows, [$heading, map { s/\0/|/gr } split / \| /, $1 =~ s/\\\|/\0/gr];
}

# "`a`, `b`" as a list of what is in quotes, or the words
sub cells { map { /`([^`]*)`/ ? $1 : "($_)" } split /, /, $_[0] }

my (@options, @directives);
for my $r (@rows) {
    my ($where, $first, $default) = @$r;
    my @names = $first =~ /(?<![\w-])--([\w-]+)/g;
    if (@names && $first =~ /^`--/ && $default) {
        my $program = $where =~ /signer/i ? 'signer' : 'orchestrator';
        my @says = cells($default);
        for my $i (0 .. $#names) {
            my ($is, $said) = ($options{$program}{$names[$i]}, $says[$i] // $says[0]);
            push @options, "$program has no --$names[$i]" if !defined $is;
            next if !defined $is;
            next if $said =~ /^\(/ ? $is =~ /^(|0|none)$/ : $said eq $is;
            next if $is eq '' && `$program{$program} --help` =~ /--\Q$names[$i]\E .*default: \Q$said\E/;
            push @options, "--$names[$i] of $program: '$said' here, '$is' there";
        }
    }
    push @directives, map { [$_, $default] } $first =~ /`(livepeer\w*)/g if $first =~ /^`livepeer/;
}
is_deeply(\@options, [], 'options of the tables exist, with their defaults');

my %listed = map { ($_->[0] => $_->[1]) } grep { defined $directive{$_->[0]} } @directives;
is_deeply([grep { !defined $directive{$_->[0]} } @directives], [], 'directives of the tables exist');
is_deeply([grep { !exists $listed{$_} } sort keys %directive], [], 'every directive has a row');


# --- defaults of directives, as the configuration is merged

my $merge = join '', map { slurp($_) } glob 'ngx_livepeer_module/ngx_livepeer_conf*.c';
my %wei = $merge =~ /static lp_u256_t\s+(\w+) = \{ \{ (\d+),/g;
my %default;
while ($merge =~ /ngx_conf_merge_(\w+?)_value\(conf->([\w.]+),\s*prev->[\w.]+,\s*([^;]*?)\);/g) {
    my ($type, $name, $v) = ($1, $2, $3);
    $v =~ s/^&(\w+)$/defined $wei{$1} ? $wei{$1} : "&$1"/e;
    $v = eval $v if $v =~ /^[\d *]+$/;
    $default{$name} = $v eq 'LP_SIGN_TICKETS_MAX' ? 300 : $v;
}
$default{$1} = $2 while $merge =~ /ngx_conf_merge_value\(conf->(\w+),\s*prev->\w+, (\d)\)/g;

sub plain {
    my ($text) = @_;
    my %unit = (m => 2**20, k => 2**10, s => 1000, gwei => 1e9, ETH => 1e18);
    return $text eq 'off' ? 0 : $text eq 'on' ? 1
        : $text =~ /^([\d.]+)(ETH|gwei|m|k|s|)$/ ? $1 * ($2 ? $unit{$2} : 1) : $text;
}

my (@wrong, $compared);
for my $r (@rows) {
    my ($where, $first, $said) = @$r;
    my @names = $first =~ /`(livepeer\w*)/g;
    next if !@names || $first !~ /^`livepeer/ || !defined $said;
    my @says = cells($said);
    for my $i (0 .. $#names) {
        my ($name, $says) = ($names[$i], $says[$i] // $says[0] // '');
        next if $says =~ /^\(/ || $says eq '' || !$field{$name};
        my $is = $default{$field{$name} =~ s/^money\.//r};
        $compared++;
        push @wrong, "$name: $says here, " . ($is // 'nothing') . ' there'
            if !defined $is || plain($says) != $is;
    }
}
is_deeply(\@wrong, [], 'directives have the defaults of the tables');
cmp_ok($compared, '>=', 15, 'of which most are numbers');


# --- examples and prose

my @lost;
for my $block ($readme =~ /^```\w*\n(.*?)^```/msg) {
    $block =~ s/\\\n\s*/ /g;
    for (split /\n/, $block) {
        s/\s#\s.*//;
        next if / --- /;                             # a picture
        next if !/^\s*(orchestrator|signer|livepeerctl|transcoder) (.*)/;
        my ($name, $rest) = ($1, $2);
        my ($command) = grep { $rest =~ /^\Q$_\E\b/ } sort { length $b <=> length $a } @commands;
        push @lost, "livepeerctl has no $rest" if $name eq 'livepeerctl' && !$command;
        my $has = $name eq 'livepeerctl' ? $of{$command // ''} || {} : $options{$name};
        push @lost, map { "$name " . ($command // "") . " has no --$_" } grep { !defined $has->{$_} } $rest =~ /\s--([\w-]+)/g;
    }
}
is_deeply([sort @lost], [], 'commands of the examples have their options');

my %any = map { %$_ } values %options, values %of;
is_deeply([grep { !defined $any{$_} } $readme =~ /`[^`\n]*?(?<![\w-])--([a-z][\w-]*)/g], [],
          'options of the text exist');
is_deeply([grep { !defined $directive{$_} } $readme =~ /\b(livepeer_\w+)/g], [],
          'so do directives');


# --- livepeerctl's commands, variables of the demo, targets of make

my %row;
for (grep { $_->[0] eq 'livepeerctl' } @rows) {
    for my $part (map { split /; / } $_->[1]) {
        my ($group) = $part =~ /^`?(\w[\w-]*) /;
        for my $names ($part =~ /`([^`]*)`/g) {
            my @names = split /, /, $names;
            my ($g) = $names[0] =~ /^([\w-]+) ([\w-]+)$/ ? ($1) : ('');
            $row{$g && $_ !~ / / ? "$g $_" : $_} = 1 for @names;
        }
    }
}
is_deeply([sort keys %row], [sort @commands], "livepeerctl's commands are all there, and no other");

my ($help) = slurp('t/demo') =~ /^my %help = \((.*?)^\);/ms;
my %demo = map { ($_ => 1) } $help =~ /^\s+(DEMO_\w+)/mg;
my %said = map { ($_ => 1) } $readme =~ /\b(DEMO_\w+)/g;
delete $demo{DEMO_DIR};                              # for tests
is_deeply([sort keys %said], [sort keys %demo], 'variables of the demo');

my $make = slurp('Makefile');
my %targets = map { ($_ => 1) } map { split ' ', $_ } $make =~ /^([a-z][\w -]*):/mg;
is_deeply([grep { !$targets{$_} } grep { !/=/ } map { split ' ', $_ } $readme =~ /^(?:`|\| `)?make ([a-z]+)/mg,
           $readme =~ /`make ([a-z]+)/g], [], 'targets of make');
