// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IRoundsManager {
    event NewRound(uint256 indexed round, bytes32 blockHash);

    function currentRound() external view returns (uint256);

    function currentRoundInitialized() external view returns (bool);

    function currentRoundLocked() external view returns (bool);

    function blockHashForRound(uint256 round) external view returns (bytes32);
}
