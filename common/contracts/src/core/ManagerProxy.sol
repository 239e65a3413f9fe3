// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ManagerProxyTarget, Manager} from "./Manager.sol";

// Runs the code that the Controller names, on this contract's own storage. An
// upgrade is one setContractInfo; balances never move.
contract ManagerProxy is ManagerProxyTarget {
    constructor(address controllerAddress, bytes32 targetId) Manager(controllerAddress) {
        targetContractId = targetId;
    }

    receive() external payable {
        forward();
    }

    fallback() external payable {
        forward();
    }

    function forward() private {
        address target = controller.getContract(targetContractId);
        require(target != address(0), "target contract must be registered");

        // Return and revert data go through untouched: clients match the text.
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let ok := delegatecall(gas(), target, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            switch ok
            case 0 {
                revert(data, returndatasize())
            }
            default {
                return(data, returndatasize())
            }
        }
    }
}
