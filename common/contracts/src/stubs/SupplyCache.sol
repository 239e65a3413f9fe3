// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The part of the supply that lies on another chain: none on a chain of ours.
contract SupplyCache {
    function l1CirculatingSupply() external pure returns (uint256) {
        return 0;
    }
}
