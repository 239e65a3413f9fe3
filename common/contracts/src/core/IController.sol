// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The registry of names that every other contract asks.
interface IController {
    event SetContractInfo(bytes32 id, address contractAddress, bytes20 gitCommitHash);

    function getContract(bytes32 id) external view returns (address);

    function owner() external view returns (address);

    function paused() external view returns (bool);
}
