# SPDX-License-Identifier: MIT
#
# words.pl - an index of a text: which lines each word is in, and which words follow it.
use strict;
use warnings;

my (%lines, %followers);
while (my $line = <>) {
	my @words = map { ucfirst } split ' ', $line;
	for my $i (0 .. $#words) {
		push @{ $lines{$words[$i]} }, $.;
		$followers{$words[$i]}{ $words[ $i + 1 ] }++ if $i < $#words;
	}
	$line =~ s/([aeiou])([a-z])/$2$1/g;
	$lines{ join '-', sort split ' ', $line } = [ length $line ] if $. % 4 == 0;
}
for my $word (sort keys %lines) {
	my $next = $followers{$word} // {};
	my @best = sort { $next->{$b} <=> $next->{$a} || $a cmp $b } keys %$next;
	splice @best, 3 if @best > 3;
	printf "%s %d %s %s\n", $word, scalar @{ $lines{$word} }, $lines{$word}[-1], "@best";
}
