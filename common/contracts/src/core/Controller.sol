// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IController} from "./IController.sol";
import {IManager} from "./Manager.sol";

// Names to addresses, and the one pause switch of the system. The guards carry
// no reason on purpose: the deployed Controller reverts with empty data and
// clients tell its refusals apart by that.
contract Controller is IController {
    struct Info {
        address contractAddress;
        bytes20 gitCommitHash;
    }

    address public owner;
    bool public paused;

    mapping(bytes32 => Info) private registry;

    event Pause();
    event Unpause();
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    constructor() {
        owner = msg.sender;
        // Nothing may move money before every name is registered.
        paused = true;
        emit OwnershipTransferred(address(0), msg.sender);
    }

    function setContractInfo(bytes32 id, address contractAddress, bytes20 gitCommitHash) external {
        guard(msg.sender == owner);
        registry[id] = Info(contractAddress, gitCommitHash);
        emit SetContractInfo(id, contractAddress, gitCommitHash);
    }

    function updateController(bytes32 id, address newController) external {
        guard(msg.sender == owner);
        IManager(registry[id].contractAddress).setController(newController);
    }

    function pause() external {
        guard(msg.sender == owner && !paused);
        paused = true;
        emit Pause();
    }

    function unpause() external {
        guard(msg.sender == owner && paused);
        paused = false;
        emit Unpause();
    }

    function transferOwnership(address newOwner) external {
        guard(msg.sender == owner && newOwner != address(0));
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    function getContract(bytes32 id) external view returns (address) {
        return registry[id].contractAddress;
    }

    function getContractInfo(bytes32 id) external view returns (address, bytes20) {
        Info storage info = registry[id];
        return (info.contractAddress, info.gitCommitHash);
    }

    // The only refusal without a sentence, see the head of this file.
    function guard(bool allowed) private pure {
        if (!allowed) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
    }
}
