// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Fractions of the protocol. Two floors in this order are part of the ABI: the
// C programs predict on-chain results and must get the same wei.
library Perc {
    uint256 internal constant PERC = 1e6; // cuts, shares, slash percentages
    uint256 internal constant PERC9 = 1e9; // everything inside Minter
    uint256 internal constant PERC27 = 1e27; // cumulative factors

    function points(uint256 n, uint256 d, uint256 scale) internal pure returns (uint256) {
        return (n * scale) / d;
    }

    function part(uint256 amount, uint256 n, uint256 scale) internal pure returns (uint256) {
        return (amount * n) / scale;
    }

    function part(uint256 amount, uint256 n, uint256 d, uint256 scale) internal pure returns (uint256) {
        return part(amount, points(n, d, scale), scale);
    }
}
