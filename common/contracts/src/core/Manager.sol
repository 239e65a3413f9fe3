// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IController} from "./IController.sol";
import {IRoundsManager} from "../rounds/IRoundsManager.sol";
import {Names} from "./Names.sol";

interface IManager {
    event SetController(address controller);
    event ParameterUpdate(string param);

    function setController(address newController) external;
}

// Slot 0 and the guards that every managed contract shares. The checks are
// functions, so that a modifier does not copy them into each caller.
abstract contract Manager is IManager {
    IController public controller;

    modifier onlyController() {
        require(msg.sender == address(controller), "caller must be Controller");
        _;
    }

    modifier onlyControllerOwner() {
        checkOwner();
        _;
    }

    modifier whenSystemNotPaused() {
        checkNotPaused();
        _;
    }

    modifier inCurrentRound() {
        checkRound();
        _;
    }

    constructor(address controllerAddress) {
        controller = IController(controllerAddress);
    }

    function setController(address newController) external onlyController {
        controller = IController(newController);
        emit SetController(newController);
    }

    function rounds() internal view returns (IRoundsManager) {
        return IRoundsManager(controller.getContract(Names.ROUNDS_MANAGER));
    }

    function checkOwner() private view {
        require(msg.sender == controller.owner(), "caller must be Controller owner");
    }

    function checkNotPaused() private view {
        require(!controller.paused(), "system is paused");
    }

    function checkRound() private view {
        require(rounds().currentRoundInitialized(), "current round is not initialized");
    }
}

// Slot 1: on a proxy the name of the code it runs, zero on the code itself.
abstract contract ManagerProxyTarget is Manager {
    bytes32 public targetContractId;
}
